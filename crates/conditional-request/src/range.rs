//! The `Range` header field of a request: RFC 9110 sections 14.1 and 14.2.

use crate::fields::{Alone, Field, Fields, alone};

/// A part of a representation. Never empty.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ByteRange {
    /// The first byte's position.
    pub first: u64,
    /// The last byte's position, inclusive.
    pub last: u64,
}

impl ByteRange {
    /// Length in bytes.
    #[must_use]
    pub fn length(self) -> u64 {
        self.last - self.first + 1
    }
}

/// More parts than these are not answered: section 17.15, many small ranges cost the server more than the client.
const MOST_PARTS: usize = 16;

/// What the `Range` of a request asks of a representation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Asked {
    /// Everything: there is no `Range`, it is to be ignored, or it asks for so much that all of it is simpler. Section
    /// 14.2 leaves the server free to ignore any `Range`.
    Everything,
    /// One part.
    Part(ByteRange),
    /// Several parts that do not overlap, in the order in which they were asked for.
    Parts(Vec<ByteRange>),
    /// Nothing that is there, or nothing that can be understood.
    Nothing,
}

/// Reads the `Range` field for a representation of `length` bytes.
pub(crate) fn asked(fields: &impl Fields, length: u64) -> Asked {
    match alone(fields, Field::Range) {
        Alone::Once(text) => parse(text, length),
        // It is no list field: two of them say nothing.
        Alone::Absent | Alone::Several => Asked::Everything,
    }
}

/// Section 14.1.1: `ranges-specifier = range-unit "=" range-set`.
fn parse(field: &str, length: u64) -> Asked {
    // Section 14.1: units are case-insensitive; section 14.2: unknown ones are ignored. A unit is a token, so
    // one with a space in it is unknown too.
    let Some((unit, set)) = field.split_once('=') else {
        return Asked::Everything;
    };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Asked::Everything;
    }
    let mut parts = Vec::new();
    let mut wanted: u64 = 0;
    // Section 5.6.1: lists may have empty elements and white space around their commas.
    for spec in set.split(',').map(|spec| spec.trim_matches([' ', '\t'])) {
        if spec.is_empty() {
            continue;
        }
        match satisfy(spec, length) {
            Ok(Some(_)) if parts.len() == MOST_PARTS => return Asked::Everything,
            Ok(Some(part)) => {
                wanted = wanted.saturating_add(part.length());
                add(&mut parts, part);
            }
            Ok(None) => {}
            // Section 14.2: may be ignored or rejected; nginx and Go reject.
            Err(Malformed) => return Asked::Nothing,
        }
    }
    match parts[..] {
        [] => Asked::Nothing,
        // The same bytes over and over: section 17.15.
        [..] if wanted > length => Asked::Everything,
        [part] => Asked::Part(part),
        [..] => Asked::Parts(parts),
    }
}

/// Section 15.3.7.2: parts that overlap or touch may be sent as one. It takes the place of the earliest.
fn add(parts: &mut Vec<ByteRange>, mut part: ByteRange) {
    while let Some(at) = parts.iter().position(|known| touch(*known, part)) {
        let known = parts.remove(at);
        part = ByteRange { first: part.first.min(known.first), last: part.last.max(known.last) };
        if !parts.iter().any(|known| touch(*known, part)) {
            return parts.insert(at, part);
        }
    }
    parts.push(part);
}

fn touch(a: ByteRange, b: ByteRange) -> bool {
    a.first <= b.last.saturating_add(1) && b.first <= a.last.saturating_add(1)
}

/// A part that is not of the form that section 14.1.2 gives.
struct Malformed;

/// Section 14.1.2: the bytes that one `range-spec` selects, if any. A last position behind the end, or a
/// suffix longer than everything, is cut.
fn satisfy(spec: &str, length: u64) -> Result<Option<ByteRange>, Malformed> {
    let (first, last) = spec.split_once('-').ok_or(Malformed)?;
    if first.is_empty() {
        let suffix = number(last)?.min(length);
        return Ok((suffix > 0).then(|| ByteRange { first: length - suffix, last: length - 1 }));
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < first {
        return Err(Malformed);
    }
    Ok((first < length).then(|| ByteRange { first, last: last.min(length - 1) }))
}

/// `1*DIGIT` of any length. What does not fit is larger than anything there is.
fn number(digits: &str) -> Result<u64, Malformed> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Malformed);
    }
    Ok(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Listed;

    fn part(first: u64, last: u64) -> Asked {
        Asked::Part(ByteRange { first, last })
    }

    fn parts(parts: &[(u64, u64)]) -> Asked {
        Asked::Parts(parts.iter().map(|(first, last)| ByteRange { first: *first, last: *last }).collect())
    }

    #[test]
    fn too_many_parts_are_all_of_it() {
        let field = |count: u64| {
            let specs: Vec<String> = (0..count).map(|n| format!("{0}-{0}", n * 1000)).collect();
            format!("bytes={}", specs.join(","))
        };
        assert!(matches!(parse(&field(16), 300_000), Asked::Parts(parts) if parts.len() == 16));
        assert_eq!(parse(&field(17), 300_000), Asked::Everything);
    }

    /// The rows of the probe that servers were compared with, plus corners.
    #[test]
    fn each_form_selects_what_the_rfc_says() {
        const LENGTH: u64 = 300_000;
        for (field, expected) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=-5", part(299_995, 299_999)),
            ("bytes=299990-", part(299_990, 299_999)),
            ("bytes=0-999999", part(0, 299_999)),
            ("bytes=0-18446744073709551616", part(0, 299_999)),
            ("bytes=-999999999", part(0, 299_999)),
            ("bytes=-99999999999999999999999", part(0, 299_999)),
            ("BYTES=0-1", part(0, 1)),
            ("bytes= 0-1 ,", part(0, 1)),
            ("bytes=0-1, 300000-", part(0, 1)),
            ("bytes=000-0001", part(0, 1)),
            ("bytes=300000-", Asked::Nothing),
            ("bytes=18446744073709551616-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=5-2", Asked::Nothing),
            ("bytes=abc", Asked::Nothing),
            ("bytes=0-1,abc", Asked::Nothing),
            ("bytes=", Asked::Nothing),
            ("bytes=,", Asked::Nothing),
            ("bytes=-", Asked::Nothing),
            ("bytes=+1-2", Asked::Nothing),
            ("bytes=1 - 2", Asked::Nothing),
            ("bytes=0x1-2", Asked::Nothing),
            ("bytes=300000-,400000-", Asked::Nothing),
            ("bytes=0-1,5-6", parts(&[(0, 1), (5, 6)])),
            ("bytes=0-1,2-6", part(0, 6)),
            ("bytes=0-1,1000-1001", parts(&[(0, 1), (1000, 1001)])),
            ("bytes=1000-1001,0-1", parts(&[(1000, 1001), (0, 1)])),
            ("bytes=1000-1001,0-1,900-999", parts(&[(900, 1001), (0, 1)])),
            ("bytes=0-1,1000-1001,1-999", part(0, 1001)),
            ("bytes=0-1,-2", parts(&[(0, 1), (299_998, 299_999)])),
            ("bytes=0-1,1000-1001,400000-", parts(&[(0, 1), (1000, 1001)])),
            ("bytes=0-,0-,0-,0-", Asked::Everything),
            ("bytes=0-9,5-14", part(0, 14)),
            ("bytes=0-149999,150001-", parts(&[(0, 149_999), (150_001, 299_999)])),
            ("bytes=0-149999,150000-", part(0, 299_999)),
            ("items=0-1", Asked::Everything),
            ("bytes = 0-1", Asked::Everything),
            ("bytes", Asked::Everything),
            ("", Asked::Everything),
        ] {
            assert_eq!(parse(field, LENGTH), expected, "{field}");
        }
    }

    #[test]
    fn nothing_of_an_empty_representation_can_be_had() {
        for field in ["bytes=0-0", "bytes=0-", "bytes=-1", "bytes=-0"] {
            assert_eq!(parse(field, 0), Asked::Nothing, "{field}");
        }
    }

    #[test]
    fn two_fields_say_nothing() {
        let one = ("range", "bytes=0-1");
        assert_eq!(asked(&Listed(vec![]), 10), Asked::Everything);
        assert_eq!(asked(&Listed(vec![one]), 10), part(0, 1));
        assert_eq!(asked(&Listed(vec![one, ("range", "bytes=2-3")]), 10), Asked::Everything);
    }
}
