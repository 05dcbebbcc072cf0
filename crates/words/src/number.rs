//! How numbers are written.

/// Bytes for people, in decimal units as model hubs and browsers use them: `91.6 MB`.
#[must_use]
pub fn bytes(n: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(size, _)| n >= *size) {
        // Rounded down, so that nothing looks complete before it is.
        Some((size, unit)) => format!("{}.{} {unit}", n / size, n % size / (size / 10)),
        None => format!("{n} B"),
    }
}

/// Whole per cent, rounded down; 100 only for all of it.
#[must_use]
pub fn percent(part: u64, whole: u64) -> u64 {
    if whole == 0 {
        return 100;
    }
    permille(part, whole) / 10
}

/// Thousandths of the whole, rounded down.
#[must_use]
pub fn permille(part: u64, whole: u64) -> u64 {
    // Above 2^53, the last digits of both no longer matter, and the product would not fit.
    let shift = (u64::BITS - whole.leading_zeros()).saturating_sub(53);
    (part.min(whole) >> shift) * 1_000 / (whole >> shift).max(1)
}

/// A number with its noun.
#[must_use]
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_short_and_never_rounded_up() {
        for (n, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (91_699_999, "91.6 MB"),
            (999_999_999, "999.9 MB"),
            (4_275_044_352, "4.2 GB"),
            (1_200_000_000_000, "1.2 TB"),
        ] {
            assert_eq!(bytes(n), text);
        }
    }

    #[test]
    fn hundred_per_cent_means_all() {
        assert_eq!(percent(0, 0), 100);
        assert_eq!(percent(999, 1_000), 99);
        assert_eq!(percent(1_000, 1_000), 100);
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
        assert_eq!(percent(u64::MAX / 2, u64::MAX), 49);
        assert_eq!(permille(7, 0), 0);
    }
}
