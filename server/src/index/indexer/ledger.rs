//! The state of each file: its digests are known, it is being hashed, or it cannot be read. The key of a
//! file is `<owner>/<name>/<path>`.

use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::index::finding::Finding;
use crate::index::fingerprint::Fingerprint;
use crate::index::hash::{Failure, Outcome};
use crate::index::model::Model;
use crate::index::record::{self, Record, Records};
use crate::index::walk::{Found, Scan};
use crate::kernel;

/// The longest step of a common file system's clock is 2 s (FAT). A file whose time of change is no older than
/// that when hashing begins may be changed again without getting another one.
pub(super) const CLOCK_STEP_NS: i64 = 2_000_000_000;
/// Time until a file that could not be read is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(60);

pub(super) struct Ledger {
    pub(super) records: Records,
    /// What the last look saw of each file.
    pub(super) seen: HashMap<String, Fingerprint>,
    /// Files that are being hashed.
    pub(super) in_flight: HashSet<String>,
    /// Files that could not be read.
    pub(super) unreadable: HashMap<String, Unreadable>,
    /// Records were added since they were saved.
    is_unsaved: bool,
    /// Saving failed before; it is logged once.
    cannot_save: bool,
}

/// What is known of one file of the current scan.
pub(super) enum State<'a> {
    /// Its digests are known.
    Known(&'a Record),
    /// It is being hashed, or not yet, since it may still be written.
    Waiting,
    /// It cannot be read.
    Unreadable(&'a Finding),
}

/// A file that could not be read.
pub(super) struct Unreadable {
    pub(super) fingerprint: Fingerprint,
    finding: Finding,
    retry_at: Instant,
}

impl Unreadable {
    pub(super) fn new(key: &str, fingerprint: Fingerprint, error: &io::Error) -> Self {
        // Permissions may be repaired without any trace in the fingerprint, and trying them costs nothing. After
        // anything else, such as a disk error at the end of a long file, trying may cost a lot.
        let denied = error.kind() == ErrorKind::PermissionDenied;
        let wait = if denied { Duration::ZERO } else { RETRY_AFTER };
        Self {
            fingerprint,
            finding: Finding::refused(key, "this file cannot be read", error),
            retry_at: Instant::now() + wait,
        }
    }
}

impl Ledger {
    /// With what was saved before.
    pub(super) fn load(root: &Path, piece_size: u64) -> Self {
        let place = record::place(root);
        let records = record::load(&place, piece_size).unwrap_or_else(|error| {
            tracing::warn!("{} is not used, everything is hashed again: {error}", place.display());
            Records::new()
        });
        Self {
            records,
            seen: HashMap::new(),
            in_flight: HashSet::new(),
            unreadable: HashMap::new(),
            is_unsaved: false,
            cannot_save: false,
        }
    }

    /// Takes over what a look saw of each file; returns what the one before saw.
    pub(super) fn see(&mut self, scan: &Scan) -> HashMap<String, Fingerprint> {
        let files = scan.models.values().flatten();
        let seen = files.map(|found| (found.key.clone(), found.fingerprint)).collect();
        std::mem::replace(&mut self.seen, seen)
    }

    /// Whether a file has to be hashed now.
    pub(super) fn is_due(&self, found: &Found, before: &HashMap<String, Fingerprint>, now: i64) -> bool {
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

    pub(super) fn state(&self, found: &Found) -> State<'_> {
        if let Some(unreadable) = self.unreadable.get(&found.key)
            && unreadable.fingerprint == found.fingerprint
        {
            return State::Unreadable(&unreadable.finding);
        }
        match self.records.get(&found.key) {
            Some(record) if record.fingerprint == found.fingerprint => State::Known(record),
            Some(_) | None => State::Waiting,
        }
    }

    /// A file is given to the pool.
    pub(super) fn submitted(&mut self, key: &str) {
        self.in_flight.insert(key.to_owned());
    }

    /// Takes over what came of hashing a file; says whether its digests are known now.
    pub(super) fn hashed(&mut self, Outcome { job, result }: Outcome) -> bool {
        self.in_flight.remove(&job.key);
        match result {
            Ok(digests) => {
                // As in git's index: the clock may be too coarse to show a change that happened just before
                // hashing. Such a file is hashed once more later, and then trusted.
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
                self.is_unsaved = true;
                true
            }
            Err(Failure::Unreadable(error)) if error.kind() != ErrorKind::NotFound => {
                let unreadable = Unreadable::new(&job.key, job.fingerprint, &error);
                self.unreadable.insert(job.key, unreadable);
                false
            }
            // The next look sees what it is now.
            Err(Failure::Unreadable(_) | Failure::Changed | Failure::Stopped) => false,
        }
    }

    /// These files cannot be opened.
    pub(super) fn cannot_open<'a>(&mut self, files: impl Iterator<Item = &'a Found>, error: &io::Error) {
        self.unreadable.extend(
            files.map(|found| (found.key.clone(), Unreadable::new(&found.key, found.fingerprint, error))),
        );
    }

    /// Forgets of unreadable files what may be out of date, so that they are hashed again.
    pub(super) fn retry_unreadable(&mut self, scan: &Scan) -> bool {
        let before = self.unreadable.len();
        if before == 0 {
            return false;
        }
        let files = scan.models.values().flatten();
        let locations: HashMap<&str, &PathBuf> = files.map(|f| (f.key.as_str(), &f.location)).collect();
        let now = Instant::now();
        self.unreadable.retain(|key, unreadable| {
            let location = locations.get(key.as_str());
            location.is_some_and(|path| now < unreadable.retry_at || kernel::open(path).is_err())
        });
        self.unreadable.len() != before
    }

    /// Forgets files that have gone, as far as the look could tell.
    pub(super) fn forget_gone(&mut self, scan: &Scan) {
        let known = self.records.len();
        if known > self.seen.len() {
            self.records.retain(|key, _| self.seen.contains_key(key) || scan.hides(key));
            self.is_unsaved |= self.records.len() != known;
        }
    }

    /// Whether a file of this published model cannot be read now, or a folder that it is in.
    pub(super) fn is_withheld(&self, model: &Model, scan: &Scan) -> bool {
        model.files.iter().any(|file| {
            let key = format!("{}/{}", model.id(), file.path);
            let unreadable = self.unreadable.get(&key);
            scan.hides(&key)
                || unreadable.is_some_and(|unreadable| self.seen.get(&key) == Some(&unreadable.fingerprint))
        })
    }

    /// Saves the records, if there are new ones; says whether there were.
    pub(super) fn save(&mut self, root: &Path, piece_size: u64) -> bool {
        if !std::mem::take(&mut self.is_unsaved) {
            return false;
        }
        let place = record::place(root);
        if let Err(error) = record::save(&place, piece_size, &self.records)
            && !std::mem::replace(&mut self.cannot_save, true)
        {
            tracing::warn!(
                "{} cannot be written, so every start hashes everything: {error}",
                place.display()
            );
        }
        true
    }
}
