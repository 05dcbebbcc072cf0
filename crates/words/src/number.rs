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
    // In u128, since bytes times 100 need not fit into 64 bits.
    u64::try_from(u128::from(part.min(whole)) * 100 / u128::from(whole)).unwrap_or(100)
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
        assert_eq!(percent(u64::MAX - 1, u64::MAX), 99);
    }
}
