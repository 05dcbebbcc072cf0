//! How far an HTTP/1.1 connection is with a request. hyper does not say; but the stream, the service and the bodies that it
//! works with see it, each in part, and put it together here.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// Where it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// All answers are written, and a request's head is waited for.
    Waiting {
        /// The beginning of the connection, or the end of the answer before.
        since: Instant,
        /// Whether some of it has come.
        begun: bool,
    },
    /// A request is being answered.
    Answering,
    /// hyper has the whole answer, and writes it.
    Flushing,
}

/// The stage of one connection. Only its task is ever here, so that nobody waits for anybody.
#[derive(Debug)]
pub(super) struct Stages(Mutex<Course>);

#[derive(Debug)]
struct Course {
    stage: Stage,
    bodies: bool,
}

impl Stages {
    /// Some of a request has come.
    pub(super) fn new(since: Instant) -> Self {
        Self(Mutex::new(Course { stage: Stage::Waiting { since, begun: true }, bodies: false }))
    }

    pub(super) fn now(&self) -> Stage {
        self.course().stage
    }

    /// Whether there ever was a request with a body, of which hyper may have left something unread.
    pub(super) fn has_seen_bodies(&self) -> bool {
        self.course().bodies
    }

    /// Bytes were read.
    pub(super) fn read(&self) {
        if let Stage::Waiting { begun, .. } = &mut self.course().stage {
            *begun = true;
        }
    }

    /// A request's head is complete.
    pub(super) fn asked(&self, body: bool) {
        let mut course = self.course();
        course.stage = Stage::Answering;
        course.bodies |= body;
    }

    /// The answer has come to its end, or there will be none.
    pub(super) fn answered(&self) {
        self.course().stage = Stage::Flushing;
    }

    /// Everything that hyper had to write is written.
    pub(super) fn flushed(&self) {
        let mut course = self.course();
        if course.stage == Stage::Flushing {
            course.stage = Stage::Waiting { since: Instant::now(), begun: false };
        }
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
