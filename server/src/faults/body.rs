//! A body that is slow, or has a wrong byte, on purpose.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// Chunks sent each second by a slow body, so that progress looks steady.
const CHUNKS_PER_SECOND: u64 = 20;

pub(super) struct FaultyBody {
    inner: Body,
    /// Read from `inner`, not sent yet.
    held: Bytes,
    /// Position of the next byte in the representation.
    at: u64,
    /// Position of the byte to flip.
    wrong_byte: Option<u64>,
    pace: Option<Pace>,
}

/// Keeps a rate over the whole body: after `sent` bytes, `sent / rate` must have passed.
struct Pace {
    bytes_per_second: u64,
    began: Instant,
    sent: u64,
    sleep: Pin<Box<Sleep>>,
}

impl FaultyBody {
    pub(super) fn new(inner: Body, at: u64, wrong_byte: Option<u64>, bytes_per_second: Option<u64>) -> Self {
        let began = Instant::now();
        Self {
            inner,
            held: Bytes::new(),
            at,
            wrong_byte,
            pace: bytes_per_second.map(|rate| Pace {
                bytes_per_second: rate.max(1),
                began,
                sent: 0,
                sleep: Box::pin(sleep_until(began)),
            }),
        }
    }

    /// The next chunk out of what is held.
    fn take(&mut self) -> Bytes {
        let mut chunk = std::mem::take(&mut self.held);
        if let Some(pace) = &mut self.pace {
            let most = (pace.bytes_per_second / CHUNKS_PER_SECOND).max(1);
            let most = usize::try_from(most).unwrap_or(usize::MAX).min(chunk.len());
            self.held = chunk.split_off(most);
            pace.sent += chunk.len() as u64;
            let micros = u128::from(pace.sent) * 1_000_000 / u128::from(pace.bytes_per_second);
            let due = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
            pace.sleep.as_mut().reset(pace.began + due);
        }
        let within = |wrong: u64| wrong.checked_sub(self.at).and_then(|i| usize::try_from(i).ok());
        if let Some(place) = self.wrong_byte.and_then(within).filter(|place| *place < chunk.len()) {
            let mut bytes = chunk.to_vec();
            bytes[place] ^= 1;
            chunk = bytes.into();
        }
        self.at += chunk.len() as u64;
        chunk
    }
}

impl http_body::Body for FaultyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(pace) = &mut self.pace {
            ready!(pace.sleep.as_mut().poll(context));
        }
        while self.held.is_empty() {
            match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.held = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end @ (Some(Err(_)) | None) => return Poll::Ready(end),
            }
        }
        Poll::Ready(Some(Ok(Frame::data(self.take()))))
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.inner.size_hint().exact() {
            Some(left) => SizeHint::with_exact(left + self.held.len() as u64),
            None => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn sent(first: u64, wrong: Option<u64>, rate: Option<u64>, bytes: &'static [u8]) -> Vec<u8> {
        let body = FaultyBody::new(Body::from(bytes), first, wrong, rate);
        body.collect().await.unwrap().to_bytes().to_vec()
    }

    #[tokio::test]
    async fn one_byte_is_wrong_and_only_where_it_belongs() {
        assert_eq!(sent(0, Some(1), None, b"abc").await, b"acc");
        assert_eq!(sent(1, Some(1), None, b"bc").await, b"cc");
        assert_eq!(sent(2, Some(1), None, b"c").await, b"c");
        assert_eq!(sent(0, Some(9), None, b"abc").await, b"abc");
        assert_eq!(sent(0, Some(25), Some(20_000), &[7; 50]).await[24..27], [7, 6, 7]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_takes_its_time_on_the_clock_of_the_runtime() {
        let began = Instant::now();
        assert_eq!(sent(0, None, Some(1000), &[7; 5000]).await, [7; 5000]);
        let took = began.elapsed();
        // The wait after the last chunk is not part of the body.
        assert!(took >= Duration::from_millis(4900) && took < Duration::from_millis(5100), "{took:?}");
    }
}
