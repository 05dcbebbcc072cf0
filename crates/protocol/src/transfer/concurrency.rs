//! How many requests run at the same time: as many as measurably help.

use crate::download::Millis;

/// To begin with.
const FIRST: u32 = 4;

/// Browsers open no more than six connections to a host (HTTP/1.1).
const MOST: u32 = 6;

/// How long speed is measured before it is judged, in milliseconds.
const WINDOW: Millis = 1_500;

/// How long it is measured before it is worth mentioning, in milliseconds.
const GLIMPSE: Millis = 200;

/// So many bytes are worth mentioning after a tenth of that: on the fastest lines all would be over before.
const MUCH: u64 = 4 << 20;

/// How many windows nothing is tried after a try that did not help.
const REST: u32 = 6;

/// Climbs hills: tries one more or one fewer, and keeps that if it is a twentieth faster.
#[derive(Debug)]
pub(super) struct Concurrency {
    count: u32,
    most: u32,
    upwards: bool,
    /// What there was before the try that is being measured, and how fast it was.
    before: Option<u32>,
    best: u32,
    /// Windows that are not judged.
    skip: u32,
    /// Bytes a millisecond.
    rate: Option<u32>,
    began: Millis,
    /// `None` until the first bytes of a window have come: they begin it.
    bytes: Option<u64>,
    /// Whether there was less to ask for than would have been allowed.
    starved: bool,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self {
            count: FIRST,
            most: MOST,
            upwards: true,
            before: None,
            best: 0,
            skip: 1,
            rate: None,
            began: 0,
            bytes: None,
            starved: false,
        }
    }
}

impl Concurrency {
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Bytes per millisecond; `None` while unknown.
    pub(super) fn rate(&self) -> Option<u32> {
        self.rate
    }

    pub(super) fn starve(&mut self) {
        self.starved = true;
    }

    /// The speed of the line is unknown again.
    pub(super) fn forget(&mut self) {
        self.rate = None;
        self.disturb();
    }

    /// What is being measured says nothing.
    pub(super) fn disturb(&mut self) {
        self.bytes = None;
        self.starved = false;
    }

    /// The server has enough of it.
    pub(super) fn throttle(&mut self) {
        self.count = (self.count / 2).max(1);
        self.most = self.count;
        self.before = None;
        self.skip = REST;
    }

    pub(super) fn received(&mut self, now: Millis, bytes: u32) {
        let Some(so_far) = &mut self.bytes else {
            self.began = now;
            self.bytes = Some(0);
            return;
        };
        *so_far += u64::from(bytes);
        let took = now.saturating_sub(self.began);
        if took < if *so_far < MUCH { GLIMPSE } else { GLIMPSE / 10 } {
            return;
        }
        let rate = u32::try_from(*so_far / took).unwrap_or(u32::MAX);
        self.rate = Some(rate);
        if took < WINDOW {
            return;
        }
        if !self.starved {
            self.judge(rate);
        }
        self.disturb();
    }

    fn judge(&mut self, rate: u32) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        if let Some(before) = self.before.take()
            && u64::from(rate) * 20 < u64::from(self.best) * 21
        {
            self.count = before;
            self.upwards = !self.upwards;
            self.skip = REST;
            return;
        }
        self.best = rate;
        let next = if self.upwards { self.count + 1 } else { self.count - 1 };
        if next == 0 || next > self.most {
            self.upwards = !self.upwards;
            self.skip = REST;
            return;
        }
        self.before = Some(self.count);
        self.count = next;
        // The next one is half the old count.
        self.skip = 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counts over so many seconds, on a line whose speed in bytes a millisecond depends on the count.
    fn counts(concurrency: &mut Concurrency, seconds: u64, speed: impl Fn(u32) -> u32) -> Vec<u32> {
        let mut seen = vec![concurrency.count()];
        let began = concurrency.began;
        for tick in 1..=seconds * 10 {
            concurrency.received(began + tick * 100, speed(concurrency.count()) * 100);
            if seen.last() != Some(&concurrency.count()) {
                seen.push(concurrency.count());
            }
        }
        seen
    }

    #[test]
    fn more_are_kept_while_they_help() {
        assert_eq!(counts(&mut Concurrency::default(), 20, |count| count * 1000), [4, 5, 6]);
    }

    #[test]
    fn a_try_that_does_not_help_is_taken_back() {
        assert_eq!(counts(&mut Concurrency::default(), 10, |_| 1000), [4, 5, 4]);
        let mut concurrency = Concurrency::default();
        counts(&mut concurrency, 300, |_| 1000);
        assert!((3..=5).contains(&concurrency.count()));
    }

    #[test]
    fn fewer_are_kept_if_that_is_faster() {
        let mut concurrency = Concurrency::default();
        counts(&mut concurrency, 300, |count| 12_000 / count);
        assert!(concurrency.count() <= 2, "{}", concurrency.count());
    }

    #[test]
    fn a_server_that_has_enough_is_not_tempted_again() {
        let mut concurrency = Concurrency::default();
        concurrency.throttle();
        assert_eq!(concurrency.count(), 2);
        assert!(counts(&mut concurrency, 300, |count| count * 1000).iter().all(|count| *count <= 2));
        concurrency.throttle();
        concurrency.throttle();
        assert_eq!(concurrency.count(), 1);
    }

    #[test]
    fn a_window_without_enough_to_do_is_not_judged() {
        let mut concurrency = Concurrency::default();
        for tick in 0..600 {
            concurrency.starve();
            concurrency.received(tick * 100, 1000);
        }
        assert_eq!(concurrency.count(), 4);
        assert_eq!(concurrency.rate(), Some(10));
    }
}
