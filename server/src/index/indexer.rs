//! The thread that keeps the index up to date: it scans the folder, requests hashes of new files, publishes
//! snapshots and saves records.
//!
//! It polls. File-change notifications (inotify) would be cheaper. But network file systems and many
//! container mounts do not deliver them, and their queue can overflow, so polling is necessary anyway. A
//! scan costs one `stat` per file, and takes at most a twentieth of one core.

mod ledger;
mod progress;
mod publishing;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{self, Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::finding::Finding;
use super::fingerprint::now_ns;
use super::hash::{Job, Outcome, Pool};
use super::walk::{Found, Scan, walk};
use super::{OpenError, Options, Shared};
use crate::kernel;
use ledger::Ledger;
use progress::Burst;
use publishing::Published;
use schedule::Schedule;

/// What the thread is woken by.
pub(crate) enum Event {
    /// A job is done.
    Hashed(Outcome),
    /// A request found that this file differs from the index.
    LookAgain(PathBuf),
    /// The index is not needed any more.
    Stop,
}

pub(crate) struct Indexer {
    options: Options,
    shared: Arc<Shared>,
    pool: Pool,
    /// What the last look saw.
    scan: Scan,
    ledger: Ledger,
    published: Published,
    schedule: Schedule,
    /// Something was learned that the next look would not notice.
    unpublished: bool,
    /// While something is hashed.
    burst: Option<Burst>,
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
        Ok(Self {
            ledger: Ledger::load(&options.root, options.piece_size),
            schedule: Schedule::new(options.rescan),
            options,
            shared,
            pool,
            scan: Scan::default(),
            published: Published::default(),
            unpublished: false,
            burst: None,
        })
    }

    /// The first scan. New files are hashed at once, without a second scan that finds them unchanged. If a
    /// file is being written, the next scan detects it.
    pub(crate) fn first_look(&mut self) -> Result<(), OpenError> {
        let began = Instant::now();
        // Where a relative path leads depends on where the program was started: the log says it in full.
        let root = path::absolute(&self.options.root).unwrap_or_else(|_| self.options.root.clone());
        let scan = walk(&root).map_err(|source| OpenError::Root { path: root.clone(), source })?;
        if scan.models.is_empty() {
            tracing::warn!(
                "there are no models in {} yet; put them there as <owner>/<name>/<files>",
                root.display()
            );
        }
        self.ledger.see(&scan);
        self.take(scan);
        self.looked(began);
        Ok(())
    }

    /// Runs until [`Event::Stop`].
    pub(crate) fn run(mut self, inbox: &Receiver<Event>) {
        loop {
            let wait = match self.burst {
                Some(_) => self.schedule.wait_while_hashing(),
                None => self.schedule.wait(),
            };
            let mut event = match inbox.recv_timeout(wait) {
                Ok(event) => Some(event),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Event::Stop),
            };
            while let Some(current) = event {
                match current {
                    Event::Hashed(outcome) => self.hashed(outcome),
                    Event::LookAgain(location) => self.doubt(&location),
                    Event::Stop => return self.save(),
                }
                event = inbox.try_recv().ok();
            }
            self.work();
        }
    }

    /// Does whatever is due.
    fn work(&mut self) {
        let is_settled = self.ledger.in_flight.is_empty();
        if self.unpublished {
            self.publish();
        }
        if let Some(burst) = &mut self.burst {
            burst.say(self.pool.bytes_done(), is_settled);
            if is_settled {
                self.burst = None;
            }
            if is_settled || self.schedule.is_time_to_publish() {
                self.publish();
            }
        }
        if is_settled || self.schedule.is_time_to_save() {
            self.save();
        }
        if self.schedule.is_time_to_look() {
            self.look();
        }
    }

    /// Somebody could not serve a file. If it cannot even be opened, a look would not show that.
    fn doubt(&mut self, location: &Path) {
        if let Err(error) = kernel::open(location)
            && error.kind() != ErrorKind::NotFound
        {
            let files = self.scan.models.values().flatten();
            self.ledger.cannot_open(files.filter(|found| found.location == location), &error);
            self.unpublished = true;
        }
        self.schedule.ask_for_look();
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
                    problems: BTreeSet::from([Finding::refused(
                        ".",
                        "the models folder cannot be read",
                        &error,
                    )]),
                };
                self.take(scan);
            }
        }
        self.looked(began);
    }

    fn looked(&mut self, began: Instant) {
        self.schedule.looked(began);
        self.shared.counters.scans.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes over what a walk saw: has hashed what needs it and publishes what changed.
    fn take(&mut self, scan: Scan) {
        let before = self.ledger.see(&scan);
        let changed = scan != self.scan || self.published.has_pending();
        self.scan = scan;
        let retried = self.ledger.retry_unreadable(&self.scan);
        let now = now_ns();
        let mut jobs: Vec<Vec<Job>> = Vec::new();
        for files in self.scan.models.values() {
            let due = files.iter().filter(|found| self.ledger.is_due(found, &before, now));
            jobs.push(due.map(|found| self.job(found, now)).collect());
        }
        // Small models first, so that they do not wait for large ones. In a model, the largest file first:
        // it takes longest, whatever the number of cores.
        jobs.sort_by_key(|jobs| jobs.iter().map(|job| job.fingerprint.size).sum::<u64>());
        for mut jobs in jobs {
            jobs.sort_by_key(|job| std::cmp::Reverse(job.fingerprint.size));
            jobs.into_iter().for_each(|job| self.submit(job));
        }
        self.ledger.forget_gone(&self.scan);
        if changed || retried {
            self.publish();
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
        let bytes_before = self.pool.bytes_done();
        self.burst.get_or_insert_with(|| Burst::new(bytes_before)).add(job.fingerprint.size);
        self.ledger.submitted(&job.key);
        self.count_waiting();
        self.pool.submit(job);
    }

    fn hashed(&mut self, outcome: Outcome) {
        let bytes = outcome.job.fingerprint.size;
        let has_digests = self.ledger.hashed(outcome);
        self.count_waiting();
        if let Some(burst) = &mut self.burst {
            burst.file_is_done();
        }
        if has_digests {
            let counters = &self.shared.counters;
            counters.hashed_files.fetch_add(1, Ordering::Relaxed);
            counters.hashed_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    fn count_waiting(&self) {
        let waiting = self.ledger.in_flight.len() as u64;
        self.shared.counters.waiting_files.store(waiting, Ordering::Relaxed);
    }

    fn publish(&mut self) {
        self.schedule.published();
        self.unpublished = false;
        if let Some(snapshot) = self.published.renew(&self.scan, &self.ledger, self.options.piece_size) {
            let mut current = self.shared.snapshot.write().unwrap_or_else(PoisonError::into_inner);
            *current = Arc::new(snapshot);
        }
    }

    fn save(&mut self) {
        if self.ledger.save(&self.options.root, self.options.piece_size) {
            self.schedule.saved();
        }
    }
}
