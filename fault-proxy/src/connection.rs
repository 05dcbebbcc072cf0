//! One client's connection: knows which answers are under way on it, notices when they have been sent, and is
//! the place where it is cut.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::log::{Ended, Entry};
use crate::rule::CutKind;

/// What the answers on a connection and its socket share.
#[derive(Debug, Default)]
pub(crate) struct Connection(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Answers that have not ended; with pipelining, several.
    open: Vec<Arc<Entry>>,
    /// To be cut as soon as all that was handed over has been written.
    cut: Option<CutKind>,
}

impl Connection {
    pub(crate) fn begin(&self, entry: &Arc<Entry>) {
        self.state().open.push(Arc::clone(entry));
    }

    /// Cuts after what has been handed over until now.
    pub(crate) fn cut_after_flush(&self, kind: CutKind) {
        self.state().cut.get_or_insert(kind);
    }

    /// The socket is being closed: what has not ended until now has ended so.
    pub(crate) fn end(&self, end: Ended) {
        for entry in self.state().open.drain(..) {
            entry.end(end);
        }
    }

    /// All that was handed over has been written.
    fn flushed(&self) -> Option<CutKind> {
        let mut state = self.state();
        state.open.retain(|entry| !entry.flushed());
        state.cut
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The socket of a connection. hyper calls `poll_flush` only when it has written all it had, which is what makes
/// an exact cut possible.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    connection: Arc<Connection>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, connection: Arc<Connection>) -> Self {
        Self { stream, connection }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        match self.connection.flushed() {
            // hyper lets go of the connection upon an error.
            Some(_) => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let cut = self.connection.state().cut;
        if cut == Some(CutKind::Reset) {
            // On failure it is closed the other way, which the log does not tell apart.
            self.stream.set_zero_linger().ok();
        }
        // Who cuts says so before; all other ends are the client's.
        self.connection.end(if cut.is_some() { Ended::Cut } else { Ended::ClientGone });
    }
}
