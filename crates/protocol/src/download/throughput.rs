//! The throughput of a download, smoothed so that a user can read it.

use super::Millis;

/// Over how long it is smoothed, in milliseconds.
const WINDOW: u64 = 6_000;

/// After so many milliseconds without a byte there is no speed, and none that any time left could be told from.
const QUIET: u64 = 5_000;

/// A speed that is measured about once a second.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Throughput {
    last: Option<(Millis, u64)>,
    per_second: u64,
    moved: Millis,
}

impl Throughput {
    /// Notes that `bytes` have come in all until now.
    pub(super) fn measure(&mut self, now: Millis, bytes: u64) {
        if let Some((at, before)) = self.last {
            let elapsed = now.saturating_sub(at).max(1);
            let current = bytes.saturating_sub(before).saturating_mul(1_000) / elapsed;
            // The first measurement has nothing to be smoothed with.
            let weight = if self.per_second == 0 { WINDOW } else { elapsed.min(WINDOW) };
            let rest = WINDOW - weight;
            self.per_second =
                (self.per_second.saturating_mul(rest) + current.saturating_mul(weight)) / WINDOW;
            if bytes > before {
                self.moved = now;
            } else if now.saturating_sub(self.moved) >= QUIET {
                self.per_second = 0;
            }
        } else {
            self.moved = now;
        }
        self.last = Some((now, bytes));
    }

    /// Bytes a second.
    #[must_use]
    pub fn per_second(&self) -> u64 {
        self.per_second
    }

    /// Seconds that so many bytes will take; `None` while nothing comes.
    #[must_use]
    pub fn seconds_for(&self, bytes: u64) -> Option<u64> {
        bytes.checked_div(self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_smoothed_and_a_stall_shows() {
        let mut throughput = Throughput::default();
        assert_eq!(throughput.seconds_for(1), None);
        throughput.measure(0, 500);
        assert_eq!(throughput.per_second(), 0, "one point is no speed");
        throughput.measure(1_000, 1_500);
        assert_eq!(throughput.per_second(), 1_000);
        assert_eq!(throughput.seconds_for(60_000), Some(60));
        throughput.measure(2_000, 8_500);
        assert_eq!(throughput.per_second(), 2_000, "one fast second moves it by a sixth of the way");
        for second in 3..7 {
            throughput.measure(second * 1_000, 8_500);
        }
        assert!((300..2_000).contains(&throughput.per_second()), "it fades");
        throughput.measure(7_000, 8_500);
        assert_eq!(throughput.per_second(), 0, "and ends");
        throughput.measure(8_000, 12_500);
        assert_eq!(throughput.per_second(), 4_000, "what comes then is as good as the first");
    }

    #[test]
    fn a_clock_that_jumps_does_no_harm() {
        let mut throughput = Throughput::default();
        for (now, bytes) in [(u64::MAX, u64::MAX), (0, 0), (0, u64::MAX), (u64::MAX, 3)] {
            throughput.measure(now, bytes);
        }
    }
}
