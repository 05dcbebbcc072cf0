//! Bytes of an unfinished piece that are saved together.

use crate::Digest;

/// Bytes of an unfinished piece, saved as one body: those of each range, one range after the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// The piece.
    pub digest: Digest,
    /// The first byte of each range, and the byte after its last.
    pub ranges: Vec<(u32, u32)>,
}

/// What of the unsaved bytes is to be saved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Saving {
    /// The next part, once there are more unsaved bytes than a page may lose.
    Due,
    /// Every byte, however few: the page goes, or nothing more comes for a while.
    All,
}

impl Part {
    /// How many bytes it has.
    #[must_use]
    pub fn length(&self) -> u32 {
        self.ranges.iter().map(|(first, end)| end - first).sum()
    }

    /// The ranges of [`crate::routes::part`], `0-1000.4194304-4195304`, up to one of another form.
    pub fn ranges_of(text: &str) -> impl Iterator<Item = (u32, u32)> {
        text.split('.').map_while(|text| {
            let (first, end) = text.split_once('-')?;
            let (first, end) = (first.parse().ok()?, end.parse().ok()?);
            (first < end).then_some((first, end))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_come_back_from_the_route() {
        let part =
            Part { digest: Digest::from_bytes([7; 32]), ranges: vec![(0, 1000), (4_194_304, u32::MAX)] };
        let route = crate::routes::part(&part);
        let (piece, ranges) = route.split_once('?').unwrap();
        assert_eq!(piece, crate::routes::piece(&part.digest));
        assert_eq!(ranges, "0-1000.4194304-4294967295");
        assert!(Part::ranges_of(ranges).eq(part.ranges));
    }

    #[test]
    fn what_is_no_range_is_not_taken_for_one() {
        for text in ["", "0", "1-1", "2-1", ".0-1", "5.0-1", "-1", "0-4294967296"] {
            assert_eq!(Part::ranges_of(text).next(), None, "{text}");
        }
        assert_eq!(Part::ranges_of("0-1.5.6-7").collect::<Vec<_>>(), [(0, 1)]);
    }
}
