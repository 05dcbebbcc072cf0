//! The index: the models, the digests of their files, and the position of each piece. Requests only read
//! its current [`Snapshot`]; one thread keeps that up to date.
//!
//! **Architecture Invariant:** no path from a request reaches the file system. A request names an entry of
//! the index, and the index knows where its bytes are.

mod card;
mod date;
mod finding;
mod fingerprint;
mod hash;
mod indexer;
mod medium;
mod model;
mod record;
mod snapshot;
mod walk;

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use protocol::{IndexReport, ModelId};
use serde::Serialize;
use thiserror::Error;

pub use fingerprint::Fingerprint;
pub use medium::Medium;
pub(crate) use medium::MediumKind;
pub use model::{Document, Model, Stale, StoredFile};
pub use snapshot::{PieceAt, Snapshot};

use indexer::{Event, Indexer};

/// How long the end of the index may take: what was learned is saved, and a disk may not answer.
const LAST_SAVE: Duration = Duration::from_secs(5);

/// What to index and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The models folder.
    pub root: PathBuf,
    /// Length in bytes of a full piece.
    pub piece_size: u64,
    /// Time between two looks at the folder.
    pub rescan: Duration,
}

/// Why there is no index.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The models folder cannot be listed.
    #[error("the models folder {} cannot be read ({source}); create it, or name another one with --models", path.display())]
    Root { path: PathBuf, source: io::Error },
    /// The system refuses a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// The first snapshot cannot be written as JSON.
    #[error("cannot describe the models: {0}")]
    Json(#[source] serde_json::Error),
}

/// The index, shared by everyone who asks. Indexing stops when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Index {
    handle: Arc<Handle>,
}

/// What the asking side and the indexing thread share.
#[derive(Debug)]
struct Shared {
    snapshot: RwLock<Arc<Snapshot>>,
    counters: Counters,
}

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    events: Sender<Event>,
    thread: Mutex<Option<Indexing>>,
}

/// The indexing thread.
#[derive(Debug)]
struct Indexing {
    thread: thread::JoinHandle<()>,
    /// Nothing comes; closed when the thread is about to end.
    over: Receiver<Infallible>,
}

impl Indexing {
    fn start(run: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (lives, over) = mpsc::channel();
        let thread = thread::Builder::new().name("index".to_owned()).spawn(move || {
            let _lives = lives;
            run();
        })?;
        Ok(Self { thread, over })
    }

    /// Waits for the end of the thread, which was asked to, for so long at most.
    fn end(self, at_most: Duration) {
        if self.over.recv_timeout(at_most) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the indexing thread still waits for the models folder; it is left behind");
        } else if self.thread.join().is_err() {
            tracing::error!("the indexing thread panicked");
        }
    }
}

/// Running totals since the start, for operators and tests.
#[derive(Debug, Default)]
struct Counters {
    scans: AtomicU64,
    hashed_files: AtomicU64,
    hashed_bytes: AtomicU64,
    waiting_files: AtomicU64,
}

/// How the indexing is going.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Progress {
    /// Looks at the models folder since the start.
    pub scans: u64,
    /// Files hashed since the start.
    pub hashed_files: u64,
    /// Their bytes.
    pub hashed_bytes: u64,
    /// Files being hashed or waiting for it.
    pub waiting_files: u64,
}

impl Index {
    /// Looks at the models folder once, so that everything that needs no hashing is there when this returns,
    /// and continues in the background. Blocks for as long as listing the folder takes.
    ///
    /// # Errors
    /// [`OpenError`]. Whatever is wrong *below* the models folder is reported instead.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let empty = Snapshot::new(Default::default(), Vec::new(), Vec::new()).map_err(OpenError::Json)?;
        let shared =
            Arc::new(Shared { snapshot: RwLock::new(Arc::new(empty)), counters: Counters::default() });
        let (events, inbox) = mpsc::channel();
        let mut indexer = Indexer::new(options, Arc::clone(&shared), events.clone())?;
        indexer.first_look()?;
        let thread = Indexing::start(move || indexer.run(&inbox)).map_err(OpenError::Thread)?;
        Ok(Self { handle: Arc::new(Handle { shared, events, thread: Mutex::new(Some(thread)) }) })
    }

    /// The state of now. Cheap.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        let snapshot = self.handle.shared.snapshot.read();
        Arc::clone(&snapshot.unwrap_or_else(PoisonError::into_inner))
    }

    /// Models, work under way and problems. Cheap: made once a change.
    #[must_use]
    pub fn report(&self) -> Arc<IndexReport> {
        Arc::clone(self.snapshot().report())
    }

    /// One model. Cheap.
    #[must_use]
    pub fn model(&self, id: &ModelId) -> Option<Arc<Model>> {
        self.snapshot().models().get(id).map(Arc::clone)
    }

    /// How the indexing is going.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let counters = &self.handle.shared.counters;
        Progress {
            scans: counters.scans.load(Ordering::Relaxed),
            hashed_files: counters.hashed_files.load(Ordering::Relaxed),
            hashed_bytes: counters.hashed_bytes.load(Ordering::Relaxed),
            waiting_files: counters.waiting_files.load(Ordering::Relaxed),
        }
    }

    /// Stops indexing, even if other handles exist. Blocks until new digests are saved.
    pub fn end(&self) {
        self.handle.end();
    }

    /// Asks for a look at the folder soon: this file is not what was indexed, or cannot be read.
    pub fn look_again(&self, file: &StoredFile) {
        // Fails only if the indexing thread has ended; no scan is possible then.
        self.handle.events.send(Event::LookAgain(file.location.clone())).ok();
    }
}

impl Handle {
    fn end(&self) {
        self.events.send(Event::Stop).ok();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            thread.end(LAST_SAVE);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_thread_that_waits_for_a_disk_is_not_waited_for_without_end() {
        let (release, wait) = mpsc::channel::<()>();
        let stuck = Indexing::start(move || assert!(wait.recv().is_err())).unwrap();
        stuck.end(Duration::from_millis(50));
        drop(release);
        let began = Instant::now();
        Indexing::start(|| ()).unwrap().end(Duration::from_secs(600));
        assert!(began.elapsed() < Duration::from_secs(60));
    }
}
