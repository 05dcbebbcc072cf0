//! Byte counts to and from JavaScript numbers.

/// `Number.MAX_SAFE_INTEGER`: up to here each integer has a number of its own (8 PiB less a byte).
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The number for a count; more than a number can count exactly becomes the most that it can.
///
/// Without the limit `u64::MAX` would become 2^64, which Web IDL's `unsigned long long` reads as 0,
/// "unknown".
pub(crate) fn from_count(count: u64) -> f64 {
    // Lossless: at most 53 bits.
    count.min(MAX_SAFE_INTEGER) as f64
}

/// The count for a number; what is below zero or not a number becomes 0.
pub(crate) fn to_count(number: f64) -> u64 {
    // `as` truncates and saturates, and NaN becomes 0.
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_the_journey() {
        for count in [0, 1, u64::from(u32::MAX) + 1, MAX_SAFE_INTEGER] {
            assert_eq!(to_count(from_count(count)), count);
        }
    }

    #[test]
    fn a_count_beyond_the_exact_numbers_stays_large() {
        assert_eq!(to_count(from_count(u64::MAX)), MAX_SAFE_INTEGER);
    }

    #[test]
    fn no_number_is_too_strange() {
        for (number, count) in
            [(f64::NAN, 0), (-1.0, 0), (f64::NEG_INFINITY, 0), (2.9, 2), (f64::INFINITY, u64::MAX)]
        {
            assert_eq!(to_count(number), count, "{number}");
        }
    }
}
