//! The format of numbers.

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

/// All digits, in groups of three: `22,713,216`.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A large number in few words, rounded down: `22.7 million`.
#[must_use]
pub fn rough(n: u64) -> String {
    const UNITS: [(u64, &str); 3] =
        [(1_000_000_000_000, "trillion"), (1_000_000_000, "billion"), (1_000_000, "million")];
    match UNITS.iter().find(|(size, _)| n >= *size) {
        Some((size, unit)) => format!("{}.{} {unit}", n / size, n % size / (size / 10)),
        None => grouped(n),
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

/// How long something will take, roughly: `about 3 min left`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..=9 => "a few seconds left".to_owned(),
        10..=89 => format!("about {} s left", seconds / 10 * 10),
        90..=5_399 => format!("about {} min left", (seconds + 30) / 60),
        5_400..=172_799 => format!("about {} h left", (seconds + 1_800) / 3_600),
        _ => "days left".to_owned(),
    }
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
    fn large_numbers_can_be_read() {
        for (n, exact, few) in [
            (0, "0", "0"),
            (512, "512", "512"),
            (30_522, "30,522", "30,522"),
            (22_713_216, "22,713,216", "22.7 million"),
            (671_026_419_200, "671,026,419,200", "671.0 billion"),
            (1_999_999_999_999, "1,999,999,999,999", "1.9 trillion"),
        ] {
            assert_eq!((grouped(n).as_str(), rough(n).as_str()), (exact, few));
        }
    }

    #[test]
    fn durations_are_rough() {
        for (seconds, text) in [
            (0, "a few seconds left"),
            (59, "about 50 s left"),
            (90, "about 2 min left"),
            (3_600, "about 60 min left"),
            (5_400, "about 2 h left"),
            (u64::MAX, "days left"),
        ] {
            assert_eq!(duration(seconds), text);
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
