//! The thread that keeps the index up to date: looks at the folder, has hashed what is new, publishes
//! snapshots, saves records.
//!
//! It polls. File-change notifications (inotify) would be cheaper, but do not arrive from the other side of a
//! network file system, from the host side of many container mounts, and are lost when their queue overflows:
//! a poll would be needed anyway. It costs one `stat` a file, and is done so rarely that it takes at most
//! about a twentieth of one core however many files there are.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use protocol::{ModelId, Problem};

use super::fingerprint::{Fingerprint, now_ns};
use super::hash::{Failure, Job, Outcome, Pool};
use super::medium::Medium;
use super::model::{Model, StoredFile};
use super::record::{self, Record, Records};
use super::snapshot::Snapshot;
use super::walk::{Found, Scan, walk};
use super::{OpenError, Options, Shared};
use crate::kernel;

/// The longest step of a common file system's clock is 2 s (FAT). A file whose time of change is no older than
/// that when hashing begins may be changed again without getting another one.
const CLOCK_STEP_NS: i64 = 2_000_000_000;
/// Looking may take one part in this many of the time.
const LOOK_SHARE: u32 = 20;
/// The same for looks that a request asked for, so that no flood of requests becomes one of looks.
const ASKED_LOOK_SHARE: u32 = 4;
/// The shortest time from one look to another that was asked for.
const ASKED_LOOK: Duration = Duration::from_millis(100);
/// Time between two lines, two snapshots and two saves while hashing goes on.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);
const PUBLISH_EVERY: Duration = Duration::from_millis(250);
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// Time until a file that could not be read is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// What the thread is woken by.
pub(crate) enum Event {
    /// A job is done.
    Hashed(Outcome),
    /// Somebody found that the file in this place is not what was indexed.
    LookAgain(PathBuf),
    /// Nobody needs the index any more.
    Stop,
}

/// What is known of one file of the current scan.
enum State<'a> {
    /// Its digests are known.
    Known(&'a Record),
    /// It is being hashed, or not yet, since it may still be written.
    Waiting,
    /// It cannot be read.
    Unreadable(&'a str),
}

pub(crate) struct Indexer {
    options: Options,
    shared: Arc<Shared>,
    pool: Pool,
    records: Records,
    /// The last scan, and what it saw of each file by key.
    scan: Scan,
    seen: HashMap<String, Fingerprint>,
    /// Files that are being hashed.
    in_flight: HashSet<String>,
    /// Files that could not be read.
    unreadable: HashMap<String, Unreadable>,
    /// What was published last.
    models: BTreeMap<ModelId, Arc<Model>>,
    pending: Vec<ModelId>,
    problems: BTreeSet<Problem>,
    timing: Timing,
    /// Something was learned that the next look would not notice.
    unpublished: bool,
    /// Records were added since they were saved.
    unsaved: bool,
    /// Saving failed once; it was said and will not be said again.
    cannot_save: bool,
    /// Files and bytes of the running burst of hashing, for its progress lines.
    burst: Option<Burst>,
}

/// A file that could not be read.
struct Unreadable {
    fingerprint: Fingerprint,
    reason: String,
    retry_at: Instant,
}

impl Unreadable {
    fn new(fingerprint: Fingerprint, error: &io::Error) -> Self {
        // Permissions may be repaired without any trace in the fingerprint, and trying them costs nothing. After
        // anything else, such as a disk error at the end of a long file, trying may cost a lot.
        let denied = error.kind() == ErrorKind::PermissionDenied;
        let wait = if denied { Duration::ZERO } else { RETRY_AFTER };
        Self {
            fingerprint,
            reason: format!("this file cannot be read: {error}"),
            retry_at: Instant::now() + wait,
        }
    }
}

/// When things are due.
struct Timing {
    look_at: Instant,
    looked_at: Instant,
    look_took: Duration,
    published_at: Instant,
    saved_at: Instant,
}

/// A stretch of time in which something was hashed.
struct Burst {
    began: Instant,
    said_at: Instant,
    files: u64,
    bytes: u64,
    files_done: u64,
    bytes_before: u64,
}

impl Indexer {
    pub(crate) fn new(
        options: Options,
        shared: Arc<Shared>,
        events: Sender<Event>,
    ) -> Result<Self, OpenError> {
        let pool = Pool::start(move |outcome| {
            // Fails only when this thread has ended already.
            events.send(Event::Hashed(outcome)).ok();
        })
        .map_err(OpenError::Thread)?;
        let place = record::place(&options.root);
        let records = record::load(&place, options.piece_size).unwrap_or_else(|error| {
            tracing::warn!("{} is not used, everything is hashed again: {error}", place.display());
            Records::new()
        });
        let now = Instant::now();
        Ok(Self {
            options,
            shared,
            pool,
            records,
            scan: Scan::default(),
            seen: HashMap::new(),
            in_flight: HashSet::new(),
            unreadable: HashMap::new(),
            models: BTreeMap::new(),
            pending: Vec::new(),
            problems: BTreeSet::new(),
            timing: Timing {
                look_at: now,
                looked_at: now,
                look_took: Duration::ZERO,
                published_at: now,
                saved_at: now,
            },
            unpublished: false,
            unsaved: false,
            cannot_save: false,
            burst: None,
        })
    }

    /// The look at the start. Files that were never seen are hashed at once, instead of waiting for a second
    /// look that finds them unchanged: if they are being written, the next look will tell.
    pub(crate) fn first_look(&mut self) -> Result<(), OpenError> {
        let began = Instant::now();
        let scan = walk(&self.options.root)
            .map_err(|source| OpenError::Root { path: self.options.root.clone(), source })?;
        self.seen = fingerprints(&scan);
        self.take(scan);
        self.looked(began);
        Ok(())
    }

    /// Runs until [`Event::Stop`].
    pub(crate) fn run(mut self, inbox: &Receiver<Event>) {
        loop {
            let wait = self.next_due().saturating_duration_since(Instant::now());
            let mut event = match inbox.recv_timeout(wait) {
                Ok(event) => Some(event),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Event::Stop),
            };
            while let Some(current) = event {
                match current {
                    Event::Hashed(outcome) => self.hashed(outcome),
                    Event::LookAgain(location) => self.doubt(&location),
                    Event::Stop => return self.save_if(true),
                }
                event = inbox.try_recv().ok();
            }
            self.work();
        }
    }

    /// Does whatever is due.
    fn work(&mut self) {
        let now = Instant::now();
        let settled = self.in_flight.is_empty();
        if self.unpublished {
            self.publish();
        }
        if let Some(burst) = &mut self.burst {
            let hashing = !settled || burst.files_done < burst.files;
            if now - burst.said_at >= PROGRESS_EVERY || !hashing {
                burst.say(self.pool.bytes_done(), now, hashing);
            }
            if settled || now - self.timing.published_at >= PUBLISH_EVERY {
                self.publish();
            }
            if settled {
                self.burst = None;
            }
        }
        self.save_if(settled || now - self.timing.saved_at >= SAVE_EVERY);
        if now >= self.timing.look_at {
            self.look();
        }
    }

    fn next_due(&self) -> Instant {
        let soon = Instant::now() + PUBLISH_EVERY;
        match self.burst {
            Some(_) => self.timing.look_at.min(soon),
            None => self.timing.look_at,
        }
    }

    /// Somebody could not serve a file. If it cannot even be opened, a look would not show that.
    fn doubt(&mut self, location: &Path) {
        let files = self.scan.models.values().flatten();
        let found = files.filter(|found| found.location == location);
        if let Err(error) = kernel::open(location)
            && error.kind() != ErrorKind::NotFound
        {
            let entries = found.map(|f| (f.key.clone(), Unreadable::new(f.fingerprint, &error)));
            self.unreadable.extend(entries.collect::<Vec<_>>());
            self.unpublished = true;
        }
        let gap = ASKED_LOOK.max(self.timing.look_took * ASKED_LOOK_SHARE);
        self.timing.look_at = self.timing.look_at.min(self.timing.looked_at + gap);
    }

    fn look(&mut self) {
        let began = Instant::now();
        match walk(&self.options.root) {
            Ok(scan) => self.take(scan),
            Err(error) => {
                // Most likely a file system that is not mounted just now: keep what is known.
                let known = std::mem::take(&mut self.scan);
                let scan = Scan {
                    models: known.models,
                    unreadable: known.unreadable,
                    problems: BTreeSet::from([Problem {
                        path: ".".to_owned(),
                        reason: format!("the models folder cannot be read: {error}"),
                    }]),
                };
                self.take(scan);
            }
        }
        self.looked(began);
    }

    fn looked(&mut self, began: Instant) {
        let now = Instant::now();
        self.timing.looked_at = now;
        self.timing.look_took = now - began;
        self.timing.look_at = now + self.options.rescan.max(self.timing.look_took * LOOK_SHARE);
        self.shared.counters.scans.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes over what a walk saw: has hashed what needs it and publishes what changed.
    fn take(&mut self, scan: Scan) {
        let seen = fingerprints(&scan);
        let before = std::mem::replace(&mut self.seen, seen);
        let changed = scan != self.scan || !self.pending.is_empty();
        self.scan = scan;
        let retried = self.retry_unreadable();
        let now = now_ns();
        let mut jobs: Vec<Vec<Job>> = Vec::new();
        for files in self.scan.models.values() {
            let due = files.iter().filter(|found| self.is_due(found, &before, now));
            jobs.push(due.map(|found| self.job(found, now)).collect());
        }
        // Small models first, so that they need not wait for large ones; in a model the largest file first,
        // since that one takes longest whatever the number of cores.
        jobs.sort_by_key(|jobs| jobs.iter().map(|job| job.fingerprint.size).sum::<u64>());
        for mut jobs in jobs {
            jobs.sort_by_key(|job| std::cmp::Reverse(job.fingerprint.size));
            jobs.into_iter().for_each(|job| self.submit(job));
        }
        let known = self.records.len();
        if known > self.seen.len() {
            self.records.retain(|key, _| self.seen.contains_key(key) || self.scan.hides(key));
            self.unsaved |= self.records.len() != known;
        }
        if changed || retried {
            self.publish();
        }
    }

    /// Whether a file has to be hashed now.
    fn is_due(&self, found: &Found, before: &HashMap<String, Fingerprint>, now: i64) -> bool {
        if self.in_flight.contains(&found.key) {
            return false;
        }
        match self.state(found) {
            State::Known(record) => record.racy && now - record.hashed_ns > CLOCK_STEP_NS,
            State::Unreadable(_) => false,
            // A file that is being written looks different from one look to the next.
            State::Waiting => before.get(&found.key) == Some(&found.fingerprint),
        }
    }

    fn state(&self, found: &Found) -> State<'_> {
        if let Some(unreadable) = self.unreadable.get(&found.key)
            && unreadable.fingerprint == found.fingerprint
        {
            return State::Unreadable(&unreadable.reason);
        }
        match self.records.get(&found.key) {
            Some(record) if record.fingerprint == found.fingerprint => State::Known(record),
            Some(_) | None => State::Waiting,
        }
    }

    fn job(&self, found: &Found, now: i64) -> Job {
        Job {
            key: found.key.clone(),
            location: found.location.clone(),
            fingerprint: found.fingerprint,
            piece_size: self.options.piece_size,
            given_ns: now,
        }
    }

    fn submit(&mut self, job: Job) {
        let now = Instant::now();
        let bytes_before = self.pool.bytes_done();
        let burst = self.burst.get_or_insert(Burst {
            began: now,
            said_at: now,
            files: 0,
            bytes: 0,
            files_done: 0,
            bytes_before,
        });
        burst.files += 1;
        burst.bytes += job.fingerprint.size;
        self.in_flight.insert(job.key.clone());
        self.count_waiting();
        self.pool.submit(job);
    }

    fn hashed(&mut self, outcome: Outcome) {
        let Outcome { job, result } = outcome;
        self.in_flight.remove(&job.key);
        self.count_waiting();
        if let Some(burst) = &mut self.burst {
            burst.files_done += 1;
        }
        match result {
            Ok(digests) => {
                let counters = &self.shared.counters;
                counters.hashed_files.fetch_add(1, Ordering::Relaxed);
                counters.hashed_bytes.fetch_add(job.fingerprint.size, Ordering::Relaxed);
                // As in git's index: a file that was changed within one step of the clock before it was
                // hashed is hashed once more later, and after that believed.
                let known = self.records.get(&job.key);
                let second = known.is_some_and(|known| known.racy && known.fingerprint == job.fingerprint);
                let young = job.fingerprint.mtime_ns.saturating_add(CLOCK_STEP_NS) >= job.given_ns;
                let record = Record {
                    fingerprint: job.fingerprint,
                    hashed_ns: job.given_ns,
                    racy: young && !second,
                    sha256: digests.sha256,
                    pieces: digests.pieces,
                };
                self.records.insert(job.key, record);
                self.unsaved = true;
            }
            Err(Failure::Unreadable(error)) if error.kind() != ErrorKind::NotFound => {
                let unreadable = Unreadable::new(job.fingerprint, &error);
                self.unreadable.insert(job.key, unreadable);
            }
            // The next look sees what it is now.
            Err(Failure::Unreadable(_) | Failure::Changed | Failure::Stopped) => {}
        }
    }

    fn count_waiting(&self) {
        let waiting = self.in_flight.len() as u64;
        self.shared.counters.waiting_files.store(waiting, Ordering::Relaxed);
    }

    /// Forgets of unreadable files what may be out of date, so that they are hashed again.
    fn retry_unreadable(&mut self) -> bool {
        let before = self.unreadable.len();
        if before == 0 {
            return false;
        }
        let files = self.scan.models.values().flatten();
        let locations: HashMap<&str, &PathBuf> = files.map(|f| (f.key.as_str(), &f.location)).collect();
        let now = Instant::now();
        self.unreadable.retain(|key, unreadable| {
            let location = locations.get(key.as_str());
            location.is_some_and(|path| now < unreadable.retry_at || kernel::open(path).is_err())
        });
        self.unreadable.len() != before
    }

    /// Makes a snapshot of what is known, if it differs from the last one.
    fn publish(&mut self) {
        self.timing.published_at = Instant::now();
        self.unpublished = false;
        // What cannot be read was not removed: a revision without it would make devices drop the complete one.
        let withheld = self.models.iter().filter(|(_, model)| self.is_withheld(model));
        let mut models: BTreeMap<_, _> = withheld.map(|(id, old)| (id.clone(), Arc::clone(old))).collect();
        let mut pending = Vec::new();
        let mut problems = self.scan.problems.clone();
        for (id, files) in &self.scan.models {
            let old = self.models.get(id);
            let Some(files) = self.stored(files, &mut problems) else {
                // Until every file is hashed, the revision before stays, as far as its files are still there.
                models.extend(old.map(|old| (id.clone(), Arc::clone(old))));
                pending.push(id.clone());
                continue;
            };
            if models.contains_key(id) {
                continue;
            }
            if let Some(old) = old.filter(|old| old.files.iter().map(AsRef::as_ref).eq(&files)) {
                models.insert(id.clone(), Arc::clone(old));
            } else if !files.is_empty() {
                let files = files.into_iter().map(Arc::new).collect();
                match Model::new(id, files, self.options.piece_size) {
                    Ok(model) => {
                        models.insert(id.clone(), Arc::new(model));
                    }
                    Err(error) => {
                        problems.insert(Problem { path: id.to_string(), reason: error.to_string() });
                    }
                }
            }
        }
        let same = |(a, b): (&Arc<Model>, &Arc<Model>)| Arc::ptr_eq(a, b);
        let models_unchanged =
            models.len() == self.models.len() && models.values().zip(self.models.values()).all(same);
        if models_unchanged && pending == self.pending && problems == self.problems {
            return;
        }
        match Snapshot::new(models.clone(), pending.clone(), problems.iter().cloned().collect()) {
            Ok(snapshot) => {
                self.say_differences(&models, &problems);
                let mut current = self.shared.snapshot.write().unwrap_or_else(PoisonError::into_inner);
                *current = Arc::new(snapshot);
                drop(current);
                (self.models, self.pending, self.problems) = (models, pending, problems);
            }
            Err(error) => tracing::error!("the models cannot be described, the old state stays: {error}"),
        }
    }

    /// The files of a model as they can be served; `None` while one is missing. Unreadable ones become problems.
    fn stored(&self, files: &[Found], problems: &mut BTreeSet<Problem>) -> Option<Vec<StoredFile>> {
        let mut stored = Vec::with_capacity(files.len());
        for found in files {
            match self.state(found) {
                State::Known(record) => stored.push(StoredFile {
                    path: found.path.clone(),
                    location: found.location.clone(),
                    fingerprint: found.fingerprint,
                    hashed_ns: record.hashed_ns,
                    sha256: record.sha256,
                    pieces: record.pieces.clone(),
                    medium: Medium::default(),
                }),
                State::Unreadable(reason) => {
                    problems.insert(Problem { path: found.key.clone(), reason: reason.to_owned() });
                }
                State::Waiting => return None,
            }
        }
        Some(stored)
    }

    /// Whether a file of this published model cannot be read now, or a folder that it is in.
    fn is_withheld(&self, model: &Model) -> bool {
        model.files.iter().any(|file| {
            let key = format!("{}/{}", model.id(), file.path);
            let unreadable = self.unreadable.get(&key);
            self.scan.hides(&key)
                || unreadable.is_some_and(|unreadable| self.seen.get(&key) == Some(&unreadable.fingerprint))
        })
    }

    fn say_differences(&self, models: &BTreeMap<ModelId, Arc<Model>>, problems: &BTreeSet<Problem>) {
        for (id, model) in models {
            let revision = model.revision();
            if self.models.get(id).is_none_or(|old| old.revision() != revision) {
                tracing::info!(
                    "model {id:?} is ready: revision {revision}, {} files, {} bytes",
                    model.files.len(),
                    model.info.used_storage,
                    id = id.to_string(),
                );
            }
        }
        for id in self.models.keys().filter(|id| !models.contains_key(id)) {
            tracing::info!("model {:?} is gone", id.to_string());
        }
        for problem in problems.difference(&self.problems) {
            tracing::warn!("{:?}: {}", problem.path, problem.reason);
        }
    }

    fn save_if(&mut self, due: bool) {
        if !self.unsaved || !due {
            return;
        }
        self.unsaved = false;
        self.timing.saved_at = Instant::now();
        let place = record::place(&self.options.root);
        if let Err(error) = record::save(&place, self.options.piece_size, &self.records)
            && !std::mem::replace(&mut self.cannot_save, true)
        {
            tracing::warn!(
                "{} cannot be written, so every start hashes everything: {error}",
                place.display()
            );
        }
    }
}

impl Burst {
    /// One line about how far it is. Short bursts end before the first line and are not talked about.
    fn say(&mut self, bytes_done: u64, now: Instant, hashing: bool) {
        let bytes_done = bytes_done - self.bytes_before;
        let (files, files_done) = (self.files, self.files_done);
        if hashing {
            let bytes = self.bytes;
            tracing::info!("hashing: {bytes_done} of {bytes} bytes, {files_done} of {files} files");
        } else if self.said_at != self.began {
            let seconds = (now - self.began).as_secs_f64();
            tracing::info!("hashed {files_done} files, {bytes_done} bytes, in {seconds:.1} s");
        }
        self.said_at = now;
    }
}

fn fingerprints(scan: &Scan) -> HashMap<String, Fingerprint> {
    let files = scan.models.values().flatten();
    files.map(|found| (found.key.clone(), found.fingerprint)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;
    use std::sync::{RwLock, mpsc};
    use std::time::SystemTime;

    use protocol::Revision;
    use tempfile::TempDir;

    use super::super::Counters;
    use super::*;

    /// An indexer whose looks and jobs are done step by step.
    struct Bench {
        dir: TempDir,
        indexer: Indexer,
        inbox: Receiver<Event>,
        shared: Arc<Shared>,
    }

    impl Bench {
        /// Puts the files there, long ago, and looks for the first time.
        fn with(files: &[(&str, &str)]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            for (path, text) in files {
                put(&dir, path, text);
                age(&dir, path);
            }
            Self::open(dir)
        }

        fn open(dir: TempDir) -> Self {
            let shared = Arc::new(Shared {
                snapshot: RwLock::new(Arc::new(
                    Snapshot::new(BTreeMap::new(), Vec::new(), Vec::new()).unwrap(),
                )),
                counters: Counters::default(),
            });
            let options =
                Options { root: dir.path().to_owned(), piece_size: 4, rescan: Duration::from_secs(3600) };
            let (events, inbox) = mpsc::channel();
            let mut indexer = Indexer::new(options, Arc::clone(&shared), events).unwrap();
            indexer.first_look().unwrap();
            Self { dir, indexer, inbox, shared }
        }

        /// Waits for all jobs that were given.
        fn hash(&mut self) {
            while !self.indexer.in_flight.is_empty() {
                match self.inbox.recv().unwrap() {
                    Event::Hashed(outcome) => self.indexer.hashed(outcome),
                    Event::LookAgain(_) | Event::Stop => {}
                }
            }
            self.indexer.work();
        }

        fn look(&mut self) {
            self.indexer.look();
            self.hash();
        }

        fn hashed(&self) -> u64 {
            self.shared.counters.hashed_files.load(Ordering::Relaxed)
        }

        fn snapshot(&self) -> Arc<Snapshot> {
            Arc::clone(&self.shared.snapshot.read().unwrap())
        }

        fn revision(&self) -> Option<Revision> {
            let snapshot = self.snapshot();
            snapshot.models().values().next().map(|model| model.revision())
        }

        fn is_pending(&self) -> bool {
            !self.snapshot().report().pending.is_empty()
        }
    }

    fn put(dir: &TempDir, path: &str, text: &str) {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn age(dir: &TempDir, path: &str) {
        let file = File::options().append(true).open(dir.path().join(path)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
    }

    #[test]
    fn at_the_start_everything_is_hashed_at_once_and_once() {
        let mut bench = Bench::with(&[("o/n/a", "12345"), ("o/n/b", "")]);
        assert!(bench.is_pending());
        bench.hash();
        assert_eq!(bench.hashed(), 2);
        assert!(bench.revision().is_some() && !bench.is_pending());
        bench.look();
        bench.look();
        assert_eq!(bench.hashed(), 2);
    }

    #[test]
    fn a_restart_hashes_what_changed_only() {
        let mut bench = Bench::with(&[("o/n/a", "12345"), ("o/n/b", "1")]);
        bench.hash();
        let (before, dir) = (bench.revision(), bench.dir);
        put(&dir, "o/m/new", "7");
        age(&dir, "o/m/new");
        let mut bench = Bench::open(dir);
        let known = bench.snapshot();
        assert_eq!(known.models().len(), 1, "what is known is there before anything is hashed");
        assert_eq!(known.models().values().next().map(|model| model.revision()), before);
        bench.hash();
        assert_eq!(bench.hashed(), 1);
        assert_eq!(bench.snapshot().models().len(), 2);
    }

    #[test]
    fn a_new_file_is_hashed_when_two_looks_find_it_the_same() {
        let mut bench = Bench::with(&[("o/n/a", "1")]);
        bench.hash();
        let old = bench.revision();
        for text in ["2", "22", "222"] {
            put(&bench.dir, "o/n/b", text);
            bench.look();
            assert_eq!(bench.hashed(), 1, "it is being written");
            assert_eq!(bench.revision(), old);
            assert!(bench.is_pending());
        }
        bench.look();
        assert_eq!(bench.hashed(), 2);
        assert!(bench.revision() != old && !bench.is_pending());
    }

    #[test]
    fn a_model_changes_to_its_new_revision_at_once() {
        let mut bench = Bench::with(&[("o/n/a", "1"), ("o/n/b", "1")]);
        bench.hash();
        let old = bench.revision();
        put(&bench.dir, "o/n/a", "2");
        age(&bench.dir, "o/n/a");
        bench.look();
        put(&bench.dir, "o/n/b", "22");
        bench.look();
        assert_eq!(bench.hashed(), 3, "a is hashed, b is not");
        assert_eq!(bench.revision(), old);
        bench.look();
        assert_eq!(bench.hashed(), 4);
        assert_ne!(bench.revision(), old);
    }

    #[test]
    fn a_file_changed_just_before_it_was_hashed_is_hashed_once_more() {
        // However slow this test runs: a file of the future is young.
        let young = SystemTime::now() + Duration::from_secs(3600);
        let set = |dir: &TempDir, text| {
            put(dir, "o/n/a", text);
            let file = File::options().append(true).open(dir.path().join("o/n/a")).unwrap();
            file.set_modified(young).unwrap();
        };
        // The clock cannot be turned, so the record is.
        let turn = |bench: &mut Bench, by_ns: i64| {
            let record = bench.indexer.records.get_mut("o/n/a").unwrap();
            record.hashed_ns += by_ns;
        };
        let mut bench = Bench::with(&[]);
        set(&bench.dir, "1");
        bench.look();
        bench.look();
        assert_eq!(bench.hashed(), 1);
        turn(&mut bench, 3_600_000_000_000);
        bench.look();
        assert_eq!(bench.hashed(), 1, "too early: it could change again within the same step of the clock");
        let old = bench.revision();
        // This change leaves no trace in the fingerprint.
        set(&bench.dir, "2");
        turn(&mut bench, -3_600_000_000_000 - 2 * CLOCK_STEP_NS);
        bench.look();
        assert_eq!(bench.hashed(), 2);
        assert_ne!(bench.revision(), old);
        turn(&mut bench, -2 * CLOCK_STEP_NS);
        bench.look();
        assert_eq!(bench.hashed(), 2, "once is enough");
    }

    #[test]
    fn a_removed_model_is_gone_and_forgotten() {
        let mut bench = Bench::with(&[("o/n/a", "1"), ("o/m/a", "1")]);
        bench.hash();
        fs::remove_dir_all(bench.dir.path().join("o/n")).unwrap();
        bench.look();
        let snapshot = bench.snapshot();
        let names: Vec<String> = snapshot.models().keys().map(ToString::to_string).collect();
        assert_eq!(names, ["o/m"]);
        assert_eq!(bench.indexer.records.keys().collect::<Vec<_>>(), ["o/m/a"]);
    }

    #[test]
    fn touching_a_file_changes_no_revision() {
        let mut bench = Bench::with(&[("o/n/a", "1")]);
        bench.hash();
        let old = bench.revision();
        put(&bench.dir, "o/n/a", "1");
        bench.look();
        bench.look();
        assert_eq!((bench.hashed(), bench.revision()), (2, old));
    }

    #[test]
    fn models_stay_while_their_folder_cannot_be_read() {
        let mut bench = Bench::with(&[("o/n/a", "1")]);
        bench.hash();
        let away = tempfile::tempdir().unwrap();
        let (here, there) = (bench.dir.path().to_owned(), away.path().join("models"));
        fs::rename(&here, &there).unwrap();
        bench.look();
        let report = Arc::clone(bench.snapshot().report());
        assert_eq!((report.models.len(), report.problems.len()), (1, 1));
        assert_eq!(report.problems[0].path, ".");
        fs::rename(&there, &here).unwrap();
        bench.look();
        assert!(bench.snapshot().report().problems.is_empty());
        assert_eq!(bench.hashed(), 1);
    }

    #[test]
    fn a_model_keeps_its_revision_while_a_file_of_it_cannot_be_read() {
        let mut bench = Bench::with(&[("o/n/a", "1"), ("o/n/b", "1")]);
        bench.hash();
        let old = bench.revision();
        // As after a disk error, which no test can make.
        let fail = |bench: &mut Bench, key: &str| {
            let unreadable = Unreadable::new(bench.indexer.seen[key], &io::Error::other("no luck"));
            bench.indexer.unreadable.insert(key.to_owned(), unreadable);
            bench.indexer.unpublished = true;
            bench.indexer.work();
        };
        let problems = |bench: &Bench| {
            let problems = bench.snapshot().report().problems.clone();
            problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        fail(&mut bench, "o/n/b");
        assert_eq!((bench.revision(), problems(&bench)), (old, vec!["o/n/b".to_owned()]));
        // Nor does it get half of a new one.
        put(&bench.dir, "o/n/a", "2");
        bench.look();
        bench.look();
        assert_eq!((bench.hashed(), bench.revision(), bench.is_pending()), (3, old, false));
        fs::remove_file(bench.dir.path().join("o/n/b")).unwrap();
        bench.look();
        let new = bench.revision();
        assert!(new.is_some() && new != old, "removed is removed");
        assert_eq!(problems(&bench), [""; 0]);
        // What was never part of the model is not waited for.
        put(&bench.dir, "o/n/c", "1");
        bench.look();
        fail(&mut bench, "o/n/c");
        assert_eq!((bench.revision(), problems(&bench)), (new, vec!["o/n/c".to_owned()]));
        put(&bench.dir, "o/n/d", "1");
        bench.look();
        bench.look();
        assert_ne!(bench.revision(), new);
    }

    #[test]
    fn a_model_keeps_its_revision_while_a_folder_of_it_cannot_be_read() {
        for folder in ["o", "o/n", "o/n/sub", "o/n/sub/deep"] {
            let mut bench = Bench::with(&[("o/n/a", "1"), ("o/n/sub/deep/b", "1")]);
            bench.hash();
            let old = bench.revision();
            let (here, away) = (bench.dir.path().join(folder), bench.dir.path().join(".away"));
            fs::rename(&here, &away).unwrap();
            // Permissions mean nothing to root, but nobody can follow a link to itself.
            symlink(&here, &here).unwrap();
            bench.look();
            bench.look();
            assert_eq!(bench.revision(), old, "{folder}");
            let problems = bench.snapshot().report().problems.clone();
            assert_eq!(problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), [folder]);
            fs::remove_file(&here).unwrap();
            fs::rename(&away, &here).unwrap();
            bench.look();
            assert!(bench.snapshot().report().problems.is_empty());
            assert_eq!((bench.revision(), bench.hashed()), (old, 2), "nothing was forgotten: {folder}");
            fs::remove_dir_all(&here).unwrap();
            bench.look();
            assert_ne!(bench.revision(), old, "removed is removed: {folder}");
        }
    }

    #[test]
    fn one_piece_in_several_files_has_several_places() {
        let mut bench = Bench::with(&[("o/n/a", "12345678"), ("o/n/b", "56789"), ("o/m/c", "5678")]);
        bench.hash();
        let snapshot = bench.snapshot();
        let pieces: HashSet<_> =
            snapshot.models().values().flat_map(|model| model.manifest.pieces()).collect();
        let mut places: Vec<Vec<u64>> = pieces
            .iter()
            .map(|piece| snapshot.piece(&piece.digest).iter().map(|at| at.offset).collect())
            .collect();
        places.sort();
        assert_eq!(places, [vec![0], vec![0, 4, 0], vec![4]]);
    }
}
