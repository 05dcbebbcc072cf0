//! A TCP stream that replaces each placeholder (`http/sendfile_queue.rs`) by a part of a file, with
//! sendfile(2). The bytes go from the kernel's page cache to the network, so a file that shrinks cannot
//! crash this program.
//!
//! **Architecture Invariant:** placeholders and queued parts match exactly, or the connection ends before a
//! byte is written. After a part, nothing is sent until its file was found unchanged.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::http::{FilePart, OpenFile, SendfileQueue, is_placeholder};
use crate::kernel;

/// Bytes per call of sendfile. During a call, the kernel gives the processor to no other task. Calls of
/// twice this size would take a tenth more processor time for one connection.
const ONCE: usize = 256 << 10;

/// Bytes after which other connections get their turn, even if this one could continue.
const TURN: usize = 1 << 20;

/// The stream.
#[derive(Debug)]
pub(super) struct SendfileStream {
    stream: TcpStream,
    queue: SendfileQueue,
    /// What the next placeholder stands for, as far as it is not sent yet.
    part: Option<FilePart>,
    /// From which file something was sent that is not checked yet.
    unchecked: Option<Arc<OpenFile>>,
    /// Bytes sent in this turn.
    turn: usize,
}

impl SendfileStream {
    pub(super) fn new(stream: TcpStream, queue: SendfileQueue) -> Self {
        Self { stream, queue, part: None, unchecked: None, turn: 0 }
    }

    /// Ends an answer whose file has changed.
    fn check(&mut self) -> io::Result<()> {
        let Some(file) = self.unchecked.take() else {
            return Ok(());
        };
        file.check().inspect_err(|error| {
            file.report(error);
            // The kernel's buffer may have bytes of the new file. A reset drops them, and informs the client.
            SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).ok();
        })
    }

    fn poll_send_file(&mut self, context: &mut Context<'_>, mut part: FilePart) -> Poll<io::Result<usize>> {
        if self.turn >= TURN {
            self.turn = 0;
            self.part = Some(part);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let most = part.length.min(ONCE);
        let sent = loop {
            let Poll::Ready(writable) = self.stream.poll_write_ready(context) else {
                self.turn = 0;
                self.part = Some(part);
                return Poll::Pending;
            };
            writable?;
            let send = || kernel::send_file(&self.stream, part.file.file(), part.start, most);
            match self.stream.try_io(Interest::WRITABLE, send) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => break sent?,
            }
        };
        self.unchecked = Some(Arc::clone(&part.file));
        if sent == 0 {
            self.check()?;
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        self.turn += sent;
        part.start += sent as u64;
        part.length -= sent;
        self.part = (part.length > 0).then_some(part);
        Poll::Ready(Ok(sent))
    }

    /// Bytes before a placeholder wait in the kernel, to leave together with the first bytes of the file.
    fn poll_send_more(&self, context: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            match self.stream.try_io(Interest::WRITABLE, || kernel::send_more(&self.stream, slices)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }
}

impl AsyncRead for SendfileStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for SendfileStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let part = self.part.take().or_else(|| self.queue.pop());
        let placeholder = slices.iter().position(|slice| is_placeholder(slice));
        match (part, placeholder) {
            (None, None) => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
            (Some(part), Some(0)) if slices[0].len() == part.length => self.poll_send_file(context, part),
            (Some(part), Some(place @ 1..)) => {
                self.part = Some(part);
                self.poll_send_more(context, &slices[..place])
            }
            (None, Some(_)) | (Some(_), None | Some(_)) => {
                let text = "the placeholders in an answer do not match the queued parts of files";
                tracing::error!("a connection ends: {text}");
                Poll::Ready(Err(io::Error::other(text)))
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
