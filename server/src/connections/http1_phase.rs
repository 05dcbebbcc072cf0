//! The phase of the request on an HTTP/1.1 connection. hyper does not report it. The stream, the service
//! and the bodies that hyper uses each see a part of it, and report that here.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// The phase.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Http1Phase {
    /// All answers are written; the connection waits for a request's head.
    Waiting {
        /// The beginning of the connection, or the end of the answer before.
        since: Instant,
        /// Whether some of it has come.
        begun: bool,
    },
    /// A request is being answered.
    Answering,
    /// hyper has the whole answer and writes it.
    Flushing,
}

/// The phase of one connection. Only the task of the connection uses it, so the lock is never contended.
#[derive(Debug)]
pub(super) struct Http1PhaseTracker(Mutex<Progress>);

#[derive(Debug)]
struct Progress {
    phase: Http1Phase,
    bodies: bool,
}

impl Http1PhaseTracker {
    /// Some of a request has come.
    pub(super) fn new(since: Instant) -> Self {
        Self(Mutex::new(Progress { phase: Http1Phase::Waiting { since, begun: true }, bodies: false }))
    }

    pub(super) fn now(&self) -> Http1Phase {
        self.progress().phase
    }

    /// Whether there ever was a request with a body, of which hyper may have left something unread.
    pub(super) fn has_seen_bodies(&self) -> bool {
        self.progress().bodies
    }

    /// Bytes were read.
    pub(super) fn read(&self) {
        if let Http1Phase::Waiting { begun, .. } = &mut self.progress().phase {
            *begun = true;
        }
    }

    /// A request's head is complete.
    pub(super) fn asked(&self, body: bool) {
        let mut progress = self.progress();
        progress.phase = Http1Phase::Answering;
        progress.bodies |= body;
    }

    /// The answer has come to its end, or there will be none.
    pub(super) fn answered(&self) {
        self.progress().phase = Http1Phase::Flushing;
    }

    /// Everything that hyper had to write is written.
    pub(super) fn flushed(&self) {
        let mut progress = self.progress();
        if progress.phase == Http1Phase::Flushing {
            progress.phase = Http1Phase::Waiting { since: Instant::now(), begun: false };
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
