//! HTTP/2: the limits of a connection and of each answer in it.
//!
//! Many answers share one connection. Its socket does not show that a client reads one answer and stalls
//! another, so [`super::stall_watch`] watches each body. hyper never closes an idle HTTP/2 connection;
//! [`Activity`] detects idle ones.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};

use super::ended::{Ended, failed};
use super::request_validation::RequestValidation;
use super::stall_watch::{StallWatch, WatchStalls};
use super::{HTTP_BUFFER, Limits};
use crate::site::Site;

/// Concurrent streams of one connection: RFC 9113 section 6.5.2 recommends at least 100. The end of each answer may wait in memory
/// for a client that does not read it.
const STREAMS: u32 = 100;

/// Bytes of an answer that wait for the client's window: four chunks of a file.
const SEND_BUFFER: usize = 512 << 10;

/// The receive window of a stream and of a connection, in bytes. No request here needs a body.
const RECEIVE_WINDOW: u32 = 64 << 10;

/// How long a connection may stay open after GOAWAY once it has nothing left to send.
const GOODBYE: Duration = Duration::from_secs(2);

/// Bytes of control frames that may be written on a connection that counts as idle.
const CHATTER: u64 = 64;

pub(super) async fn serve<S>(stream: S, site: Site, limits: Limits, ending: &mut watch::Receiver<()>) -> Ended
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let activity = Arc::new(Activity::default());
    let streams = Streams { activity: Arc::clone(&activity), limits };
    // hyper's defaults stay. It closes the connection after 20 streams that the client reset before they
    // were accepted, or after 1024 that the server reset for errors.
    let connection = http2::Builder::new(streams)
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_send_buf_size(SEND_BUFFER)
        .initial_stream_window_size(RECEIVE_WINDOW)
        .initial_connection_window_size(RECEIVE_WINDOW)
        .max_header_list_size(HTTP_BUFFER as u32)
        // Detects clients that vanished.
        .keep_alive_interval(limits.stall)
        .keep_alive_timeout(limits.stall)
        .serve_connection(
            TokioIo::new(CountedStream { stream, activity: Arc::clone(&activity), lingering: None }),
            TowerToHyperService::new(WatchStalls(RequestValidation { site, queue: None })),
        );
    let mut connection = pin!(connection);
    let idle = tokio::select! {
        outcome = connection.as_mut() => return ended(outcome),
        () = activity.idle(limits.head, limits.least_rate) => true,
        _ = ending.changed() => false,
    };
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        outcome = connection.as_mut() => match ended(outcome) {
            Ended::Done if idle => Ended::Head,
            ended => ended,
        },
        // The client does not even acknowledge GOAWAY.
        () = activity.idle(GOODBYE, limits.least_rate) => if idle { Ended::Head } else { Ended::Done },
    }
}

fn ended(outcome: hyper::Result<()>) -> Ended {
    match outcome {
        Ok(()) => Ended::Done,
        Err(error) if error.is_timeout() => {
            tracing::debug!("a connection ended: {error}");
            Ended::Stall
        }
        Err(error) => failed(&error),
    }
}

/// What a connection has done up to now.
#[derive(Debug, Default)]
struct Activity {
    /// Requests that are being answered.
    open: AtomicUsize,
    /// Requests there ever were.
    begun: AtomicU64,
    /// Bytes written to the socket.
    written: AtomicU64,
}

impl Activity {
    /// Completes when no request was answered for so long and the rest of earlier answers was read too slowly.
    async fn idle(&self, time: Duration, least_rate: u64) {
        let step = time / 4;
        let least = ((least_rate as f64 * step.as_secs_f64()) as u64).max(CHATTER);
        let mut busy = Instant::now();
        let mut before = self.so_far();
        while busy.elapsed() < time {
            sleep(step).await;
            let now = self.so_far();
            let wrote = now.1 - before.1 >= least;
            if self.open.load(Ordering::Relaxed) > 0 || now.0 != before.0 || wrote {
                busy = Instant::now();
            }
            before = now;
        }
    }

    fn so_far(&self) -> (u64, u64) {
        (self.begun.load(Ordering::Relaxed), self.written.load(Ordering::Relaxed))
    }
}

/// Counts a request as being answered until it is dropped.
struct OpenRequest(Arc<Activity>);

impl OpenRequest {
    fn new(activity: &Arc<Activity>) -> Self {
        activity.begun.fetch_add(1, Ordering::Relaxed);
        activity.open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(activity))
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs the streams of a connection, each for as long as its client keeps to the limits. Dropping one resets it
/// (RFC 9113 section 6.4); the others continue.
#[derive(Clone, Debug)]
struct Streams {
    activity: Arc<Activity>,
    limits: Limits,
}

impl<F> Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let open = OpenRequest::new(&self.activity);
        let watch = StallWatch::new(self.limits.stall, self.limits.least_rate);
        tokio::spawn(async move {
            let (watched, _open) = (Arc::clone(&watch), open);
            tokio::select! {
                _ = watch.watch(stream) => {}
                () = watched.stalled() => tracing::debug!("an answer was given up: the client does not read it"),
            }
        });
    }
}

/// Counts written bytes, and closes without losing any. A socket that is closed with unread bytes in it,
/// such as a WINDOW_UPDATE, drops what it has not sent yet. (RFC 9112 section 9.6 says the same about
/// HTTP/1.1.)
struct CountedStream<S> {
    stream: S,
    activity: Arc<Activity>,
    /// Set once everything is written, while the server waits for the client to close.
    lingering: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + Unpin> CountedStream<S> {
    /// Reads and drops what the client still sends until it closes, for a limited time.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let over = self.lingering.get_or_insert_with(|| Box::pin(sleep(GOODBYE)));
        if over.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let mut unread = [0; 4096];
        loop {
            let mut unread = ReadBuf::new(&mut unread);
            match ready!(Pin::new(&mut self.stream).poll_read(context, &mut unread)) {
                Ok(()) if !unread.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl<S> CountedStream<S> {
    fn count(&self, outcome: Poll<std::io::Result<usize>>) -> Poll<std::io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = outcome {
            self.activity.written.fetch_add(bytes as u64, Ordering::Relaxed);
        }
        outcome
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CountedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for CountedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.count(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        }
        self.poll_linger(context).map(Ok)
    }
}
