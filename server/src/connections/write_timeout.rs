//! A stream whose writes fail when the peer does not read for too long.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// The stream. Only the time in which something waits to be written counts: a connection may be idle between two answers.
#[derive(Debug)]
pub(super) struct WriteTimeout<S> {
    stream: S,
    stall: Duration,
    /// What must be written within `stall` of waiting, in bytes.
    least: u64,
    /// Since the last check: bytes written, and the time that they waited.
    written: u64,
    waited: Duration,
    /// When the current write began to wait.
    since: Option<Instant>,
    /// Fires no later than the deadline of a write. It is reset only when it fires, since most waits are short.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteTimeout<S> {
    /// `least_rate` in bytes a second.
    pub(super) fn new(stream: S, stall: Duration, least_rate: u64) -> Self {
        let least = (least_rate as f64 * stall.as_secs_f64()) as u64;
        // Reading nothing at all is always too little.
        let least = least.max(1);
        Self { stream, stall, least, written: 0, waited: Duration::ZERO, since: None, alarm: None }
    }

    /// Passes the outcome of a write on, unless it has waited for too long.
    fn check(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(outcome) = outcome {
            if let Some(since) = self.since.take() {
                self.waited += since.elapsed();
            }
            if let Ok(bytes) = outcome {
                self.written += bytes as u64;
            }
            return Poll::Ready(outcome);
        }
        let mut since = *self.since.get_or_insert_with(Instant::now);
        loop {
            let left = self.stall.saturating_sub(self.waited);
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(since + left)));
            ready!(alarm.as_mut().poll(context));
            let now = Instant::now();
            self.waited += now - since;
            since = now;
            self.since = Some(now);
            if self.waited >= self.stall {
                if self.written < self.least {
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        format!("the client read {} bytes in {:?}", self.written, self.waited),
                    )));
                }
                self.written = 0;
                self.waited = Duration::ZERO;
            }
            alarm.as_mut().reset(now + self.stall.saturating_sub(self.waited));
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.check(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.check(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::sleep;

    use super::*;

    const STALL: Duration = Duration::from_secs(60);

    /// Writes forever to a peer that reads so many bytes each so often, for an hour; says how long that went well.
    async fn lasts(bytes: usize, every: Duration) -> Option<Duration> {
        let (stream, mut peer) = duplex(4096);
        let mut stream = WriteTimeout::new(stream, STALL, 100);
        let began = Instant::now();
        let writing = async {
            while stream.write_all(&[0; 1000]).await.is_ok() {}
            began.elapsed()
        };
        let reading = async {
            let mut buffer = vec![0; bytes];
            while began.elapsed() < Duration::from_secs(3600) {
                sleep(every).await;
                peer.read_exact(&mut buffer).await.ok();
            }
        };
        tokio::select! {
            lasted = writing => Some(lasted),
            () = reading => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_reads_is_given_up_after_the_time() {
        let lasted = lasts(1, Duration::from_secs(100_000)).await.unwrap();
        assert_eq!(lasted, STALL);
    }

    #[tokio::test(start_paused = true)]
    async fn who_drips_is_given_up_too() {
        assert!(lasts(10, Duration::from_secs(1)).await.unwrap() < Duration::from_secs(200));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_slow_but_fast_enough_is_not() {
        assert_eq!(lasts(4000, Duration::from_secs(20)).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_between_two_answers_does_not_count() {
        let (stream, mut peer) = duplex(4096);
        let mut stream = WriteTimeout::new(stream, STALL, 100);
        for _ in 0..10 {
            stream.write_all(&[0; 3000]).await.unwrap();
            peer.read_exact(&mut [0; 3000]).await.unwrap();
            sleep(Duration::from_secs(1000)).await;
        }
    }
}
