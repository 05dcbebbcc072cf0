//! A steady rate: how much may be sent next, and when.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Chunks sent each second, so that progress looks steady and little lies in buffers.
const CHUNKS_PER_SECOND: u64 = 100;
/// What was missed longer ago than this, because the client did not read, is not made up for.
const CATCH_UP: Duration = Duration::from_millis(50);

/// The rate of one body.
#[derive(Debug)]
pub(crate) struct RateLimit {
    bytes_per_second: u64,
    due: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl RateLimit {
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        let due = Instant::now();
        Self { bytes_per_second: bytes_per_second.max(1), due, sleep: Box::pin(sleep_until(due)) }
    }

    /// Ready when the next chunk may be sent.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(context)
    }

    /// Length in bytes of the longest chunk.
    pub(crate) fn most(&self) -> u64 {
        (self.bytes_per_second / CHUNKS_PER_SECOND).max(1)
    }

    /// Counts a chunk that is being sent.
    pub(crate) fn sent(&mut self, bytes: u64) {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_per_second);
        let takes = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let now = Instant::now();
        self.due = self.due.max(now.checked_sub(CATCH_UP).unwrap_or(now)) + takes;
        self.sleep.as_mut().reset(self.due);
    }
}
