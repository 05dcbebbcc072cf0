//! How long to wait after a failure: exponential backoff with full jitter, so that many pages do not retry
//! at the same time.

use crate::download::{Cause, Millis};

/// The longest first wait, in milliseconds.
const FIRST: Millis = 500;

/// The longest wait of our own, in milliseconds.
const LONGEST: Millis = 30_000;

/// The longest that a server's `Retry-After` is believed, in milliseconds.
const MOST: Millis = 300_000;

#[derive(Debug)]
pub(super) struct Backoff {
    /// Since bytes came last. Those that happen while one is waited for count as one.
    failures: u32,
    not_before: Millis,
    cause: Cause,
    /// Has failed, and the wait is not decided yet; with what the server asks for.
    failed: Option<(Cause, Millis)>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { failures: 0, not_before: 0, cause: Cause::Network, failed: None }
    }
}

impl Backoff {
    pub(super) fn fail(&mut self, cause: Cause, retry_after: Millis) {
        let earlier = self.failed.map_or(0, |(_, after)| after);
        self.failed = Some((cause, retry_after.max(earlier).min(MOST)));
    }

    /// Decides the wait after what has failed.
    pub(super) fn settle(&mut self, now: Millis, random: u32) {
        let Some((cause, retry_after)) = self.failed.take() else {
            return;
        };
        let mut wait = retry_after;
        if now >= self.not_before || self.failures == 0 {
            let longest = LONGEST.min(FIRST << self.failures.min(6));
            self.failures += 1;
            self.cause = cause;
            wait = wait.max((longest * Millis::from(random)) >> 32);
        }
        self.not_before = self.not_before.max(now + wait);
    }

    pub(super) fn progress(&mut self) {
        self.failures = 0;
    }

    pub(super) fn no_wait(&mut self) {
        self.not_before = 0;
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) fn not_before(&self) -> Millis {
        self.not_before
    }

    pub(super) fn cause(&self) -> Cause {
        self.cause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The wait that a failure leads to.
    fn wait(backoff: &mut Backoff, now: Millis, retry_after: Millis, random: u32) -> Millis {
        backoff.fail(Cause::Network, retry_after);
        backoff.settle(now, random);
        backoff.not_before().saturating_sub(now)
    }

    #[test]
    fn waits_double_up_to_a_bound_and_begin_anew_after_progress() {
        let mut backoff = Backoff::default();
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..9 {
            let wait = wait(&mut backoff, now, 0, u32::MAX);
            waits.push(wait + 1);
            now += wait + 1;
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        backoff.progress();
        assert_eq!(wait(&mut backoff, now, 0, u32::MAX), 499);
    }

    #[test]
    fn the_jitter_is_full() {
        assert_eq!(wait(&mut Backoff::default(), 7, 0, 0), 0);
        assert_eq!(wait(&mut Backoff::default(), 7, 0, 1 << 31), 250);
    }

    #[test]
    fn failures_of_one_moment_count_as_one() {
        let mut backoff = Backoff::default();
        wait(&mut backoff, 0, 0, u32::MAX);
        wait(&mut backoff, 100, 0, u32::MAX);
        assert_eq!((backoff.failures(), backoff.not_before()), (1, 499));
    }

    #[test]
    fn a_server_is_obeyed_within_reason() {
        assert_eq!(wait(&mut Backoff::default(), 5, 7_000, u32::MAX), 7_000);
        assert_eq!(wait(&mut Backoff::default(), 5, 1 << 40, 0), MOST);
        let mut backoff = Backoff::default();
        wait(&mut backoff, 0, 0, u32::MAX);
        assert_eq!(wait(&mut backoff, 100, 9_000, 0), 9_000, "also while another wait is on");
        backoff.progress();
        assert_eq!(backoff.not_before(), 9_100, "also if other requests go on");
        backoff.no_wait();
        assert_eq!(backoff.not_before(), 0);
    }
}
