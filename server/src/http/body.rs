//! The bytes of a file as a response body. Long ones are handed over to the connection where that can send files;
//! others are read. What is not in memory is brought there in the blocking pool, one step ahead.
//!
//! **Architecture Invariant:** a chunk leaves only after the file was found unchanged *after* reading it. A file
//! that changes under a response ends it with an error, so that the client sees a short body, never a mixed one. What is
//! handed over is checked by the connection, before anything else leaves.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::handover::{Handover, LONGEST};
use super::open_file::{CHUNK, OpenFile};
use crate::kernel;

/// Below this many bytes, reading costs no more than handing over.
const WORTH_IT: u64 = 64 << 10;

/// The end of every body is read, in bytes: so there is something to hold back if what was handed over before has changed.
const END: u64 = 4 << 10;

/// A part of an indexed file.
#[derive(Debug)]
pub(crate) struct FileBody {
    source: Arc<OpenFile>,
    /// Where the next step begins.
    next: u64,
    /// Where the part ends.
    end: u64,
    /// Of the connection, if it can send files and this is worth it.
    handover: Option<Handover>,
    /// The next step, when it has to wait for the disk.
    ahead: Option<JoinHandle<io::Result<Done>>>,
}

/// How the next bytes come into the answer.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many are handed over.
    Hand(u64),
    /// So many are read.
    Read(u64),
}

/// What a step came to.
#[derive(Debug)]
enum Done {
    /// So many bytes are in memory, to be handed over.
    Resident(u64),
    /// These were read.
    Read(Bytes),
}

impl FileBody {
    /// The `length` bytes at `offset`. Nothing is read before the body is polled.
    pub(crate) fn new(source: &Arc<OpenFile>, offset: u64, length: u64, handover: Option<&Handover>) -> Self {
        let handover = handover.filter(|_| length > WORTH_IT && source.is_local());
        Self {
            source: Arc::clone(source),
            next: offset,
            end: offset + length,
            handover: handover.cloned(),
            ahead: None,
        }
    }

    fn left(&self) -> u64 {
        self.end - self.next
    }

    fn step(&self) -> Step {
        match self.left() {
            left if self.handover.is_some() && left > END => Step::Hand((left - END).min(LONGEST as u64)),
            left => Step::Read(left.min(CHUNK)),
        }
    }

    /// Does the next step; says also whether that had to wait for the disk.
    fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<(io::Result<Done>, bool)> {
        if self.ahead.is_none()
            && let Some(done) = at_once(&self.source, self.next, self.step())
        {
            return Poll::Ready((done, false));
        }
        let (step, source, start) = (self.step(), &self.source, self.next);
        let ahead = self.ahead.get_or_insert_with(|| in_the_pool(source, start, step));
        let done = ready!(Pin::new(ahead).poll(context));
        self.ahead = None;
        Poll::Ready((done.unwrap_or_else(|error| Err(io::Error::other(error))), true))
    }

    /// Whether the next step will find its bytes in memory.
    fn is_ready(&self) -> bool {
        let (Step::Hand(length) | Step::Read(length)) = self.step();
        self.source.is_local() && kernel::is_resident(self.source.file(), self.next, length)
    }

    /// Ends the body before its end.
    fn fail(&mut self, error: io::Error) -> io::Error {
        self.next = self.end;
        self.ahead = None;
        self.source.report(&error);
        error
    }
}

/// Does a step if nothing has to be waited for.
fn at_once(source: &OpenFile, start: u64, step: Step) -> Option<io::Result<Done>> {
    match step {
        Step::Hand(length) => {
            kernel::is_resident(source.file(), start, length).then_some(Ok(Done::Resident(length)))
        }
        Step::Read(length) => source.read_now(start, length).map(|read| read.map(Done::Read)),
    }
}

fn in_the_pool(source: &Arc<OpenFile>, start: u64, step: Step) -> JoinHandle<io::Result<Done>> {
    let source = Arc::clone(source);
    spawn_blocking(move || match step {
        Step::Hand(length) => {
            kernel::make_resident(source.file(), start, length).map(|()| Done::Resident(length))
        }
        Step::Read(length) => source.read(start, length).map(Done::Read),
    })
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left() == 0 {
            return Poll::Ready(None);
        }
        let (done, waited) = ready!(self.poll_step(context));
        let bytes = match (done, &self.handover) {
            (Ok(Done::Read(bytes)), _) => bytes,
            (Ok(Done::Resident(length)), Some(handover)) => handover.give(&self.source, self.next, length),
            // Nothing is made resident without a handover.
            (Ok(Done::Resident(_)), None) => Bytes::new(),
            (Err(error), _) => return Poll::Ready(Some(Err(self.fail(error)))),
        };
        self.next += bytes.len() as u64;
        if waited && self.left() > 0 && !self.is_ready() {
            // The disk goes on while this is sent.
            self.ahead = Some(in_the_pool(&self.source, self.next, self.step()));
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}
