//! Dates for users and JSON: RFC 3339, UTC, whole seconds.

use jiff::Timestamp;

/// The date-time of a number of nanoseconds since 1970, such as `2026-11-23T00:06:54Z`.
#[must_use]
pub(crate) fn rfc3339(ns_since_1970: i64) -> String {
    // 64 bits of nanoseconds reach from 1677 to 2262, and no text of that is refused.
    let time =
        Timestamp::from_second(ns_since_1970.div_euclid(1_000_000_000)).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_around_leap_days_and_before_1970() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_795_392_414, "2026-11-23T00:06:54Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds * 1_000_000_000), expected);
        }
    }
}
