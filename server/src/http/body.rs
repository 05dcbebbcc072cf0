//! The bytes of a file as a response body: positioned reads in the blocking pool, one chunk ahead.
//!
//! **Architecture Invariant:** a chunk leaves only after the file was found unchanged *after* reading it. A file
//! that changes under a response ends it with an error, so that the client sees a short body, never a mixed one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::index::{Index, Stale, StoredFile};

/// Bytes read at a time. A response holds at most two of these, besides what the connection buffers.
const CHUNK: u64 = 256 << 10;

/// A part of an indexed file.
#[derive(Debug)]
pub(crate) struct FileBody {
    source: Arc<OpenFile>,
    /// Where the next read begins.
    next: u64,
    /// Where the part ends.
    end: u64,
    /// Bytes not handed out yet.
    left: u64,
    ahead: Option<JoinHandle<io::Result<Bytes>>>,
}

/// An indexed file that is open.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    stored: Arc<StoredFile>,
    /// Whom to tell when it turns out to have changed.
    index: Index,
}

impl FileBody {
    /// The `length` bytes at `offset`. Nothing is read before the body is polled.
    pub(crate) fn new(source: &Arc<OpenFile>, offset: u64, length: u64) -> Self {
        Self { source: Arc::clone(source), next: offset, end: offset + length, left: length, ahead: None }
    }

    fn read_ahead(&mut self) -> Option<JoinHandle<io::Result<Bytes>>> {
        let (start, length) = (self.next, CHUNK.min(self.end - self.next));
        if length == 0 {
            return None;
        }
        self.next += length;
        let source = Arc::clone(&self.source);
        Some(spawn_blocking(move || source.read(start, length)))
    }
}

impl OpenFile {
    /// `file` was opened by [`StoredFile::open`].
    pub(crate) fn new(file: File, stored: Arc<StoredFile>, index: Index) -> Arc<Self> {
        Arc::new(Self { file, stored, index })
    }

    fn read(&self, start: u64, length: u64) -> io::Result<Bytes> {
        let mut chunk = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut chunk, start)?;
        match self.stored.check(&self.file) {
            Ok(()) => Ok(Bytes::from(chunk)),
            Err(Stale) => Err(io::Error::other("the file changed while it was being sent")),
        }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if self.ahead.is_none() {
            self.ahead = self.read_ahead();
        }
        let Some(ahead) = &mut self.ahead else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(ahead).poll(context)).unwrap_or_else(|error| Err(io::Error::other(error)));
        self.ahead = None;
        match read {
            Ok(chunk) => {
                self.left -= chunk.len() as u64;
                self.ahead = self.read_ahead();
                Poll::Ready(Some(Ok(Frame::data(chunk))))
            }
            Err(error) => {
                self.left = 0;
                self.source.index.look_again(&self.source.stored);
                tracing::warn!("{:?} cut short: {error}", self.source.stored.location);
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
