//! Mutated header fields: what comes of them is held against a second reading of RFC 9110 section 14 that shares
//! no code with the first.
#![cfg(not(target_arch = "wasm32"))]

use std::time::{Duration, UNIX_EPOCH};

use conditional_request::{ByteRange, Decision, Field, Fields, HttpDate, Method, Validators, decide};

struct Request(Vec<(Field, Vec<u8>)>);

impl Fields for Request {
    fn lines(&self, field: Field) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |(name, _)| *name == field).map(|(_, value)| value.as_slice())
    }
}

impl Request {
    fn has(&self, names: &[Field]) -> bool {
        self.0.iter().any(|(name, _)| names.contains(name))
    }
}

fn seeds(text: &str) -> Vec<&str> {
    text.lines().collect()
}

fn validators() -> Validators<'static> {
    Validators { tag: "tag", last_modified: HttpDate::of(UNIX_EPOCH + Duration::from_secs(1_795_392_414)) }
}

/// What a `Range` says, one byte after the other.
enum Meaning {
    /// It is to be ignored.
    Nothing,
    /// It is not of the form that the RFC gives.
    Malformed,
    /// Which bytes each of its parts selects, without those that select none.
    Selected(Vec<Vec<u64>>),
}

/// `1*DIGIT`; what is too large for a file is the largest number.
fn number(digits: &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for digit in digits {
        let digit = char::from(*digit).to_digit(10)?;
        value = value.saturating_mul(10).saturating_add(digit.into());
    }
    (!digits.is_empty()).then_some(value)
}

fn meaning(field: &[u8], length: u64) -> Meaning {
    let Some(equals) = field.iter().position(|byte| *byte == b'=') else { return Meaning::Nothing };
    if !field[..equals].eq_ignore_ascii_case(b"bytes") || !field.is_ascii() {
        return Meaning::Nothing;
    }
    let mut selected = Vec::new();
    for part in field[equals + 1..].split(|byte| *byte == b',') {
        let text: Vec<u8> = String::from_utf8_lossy(part).trim_matches([' ', '\t']).bytes().collect();
        if text.is_empty() {
            continue;
        }
        let Some(dash) = text.iter().position(|byte| *byte == b'-') else { return Meaning::Malformed };
        let bytes: Vec<u64> = match (number(&text[..dash]), number(&text[dash + 1..])) {
            (Some(first), Some(last)) if first <= last => {
                (0..length).filter(|at| (first..=last).contains(at)).collect()
            }
            (Some(first), None) if dash + 1 == text.len() => (0..length).filter(|at| *at >= first).collect(),
            (None, Some(count)) if dash == 0 => (0..length).filter(|at| length - at <= count).collect(),
            _ => return Meaning::Malformed,
        };
        if !bytes.is_empty() {
            selected.push(bytes);
        }
    }
    Meaning::Selected(selected)
}

/// Nothing twice, nothing that touches, nothing that is not there.
fn check_parts(parts: &[ByteRange], length: u64) -> Vec<u64> {
    let mut bytes: Vec<u64> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        assert!(part.first <= part.last && part.last < length, "{part:?}");
        assert_eq!(part.length(), part.last - part.first + 1);
        for other in &parts[..at] {
            assert!(part.last + 1 < other.first || other.last + 1 < part.first, "{part:?} and {other:?}");
        }
        bytes.extend(part.first..=part.last);
    }
    bytes.sort_unstable();
    bytes
}

/// Holds the decision about a `Range` against its meaning.
fn check_range(field: &[u8], length: u64) {
    let shown = String::from_utf8_lossy(field);
    let request = Request(vec![(Field::Range, field.to_vec())]);
    let decision = decide(Method::Get, &request, validators(), length);
    let parts = match decision {
        Decision::Part(part) => vec![part],
        Decision::Parts(ref parts) => parts.clone(),
        Decision::Full | Decision::Unsatisfiable => Vec::new(),
        Decision::NotModified | Decision::PreconditionFailed => panic!("{shown}: there is no condition"),
    };
    let bytes = check_parts(&parts, length);
    match meaning(field, length) {
        Meaning::Nothing if field.is_ascii() => assert_eq!(decision, Decision::Full, "{shown}"),
        Meaning::Nothing => assert!(parts.is_empty(), "{shown}"),
        // When there are too many parts, those behind them are not read.
        Meaning::Malformed if field.iter().filter(|byte| **byte == b',').count() >= 16 => {
            assert!(parts.is_empty(), "{shown}");
        }
        Meaning::Malformed => assert_eq!(decision, Decision::Unsatisfiable, "{shown}"),
        Meaning::Selected(selected) => {
            let wanted: usize = selected.iter().map(Vec::len).sum();
            let mut expected: Vec<u64> = selected.concat();
            expected.sort_unstable();
            expected.dedup();
            match decision {
                Decision::Unsatisfiable => assert!(selected.is_empty(), "{shown}"),
                // Section 14.2: a range may be ignored; that is for those that cost more than they bring.
                Decision::Full => assert!(wanted as u64 > length || selected.len() > 16, "{shown}"),
                _ => {
                    assert_eq!(bytes, expected, "{shown}");
                    assert!(wanted as u64 <= length, "{shown}");
                }
            }
        }
    }
}

#[test]
fn every_small_range_selects_what_a_second_reading_of_the_rfc_selects() {
    let numbers: Vec<String> = [String::new()].into_iter().chain((0..=17).map(|n| n.to_string())).collect();
    for length in 0..=16 {
        for first in &numbers {
            for last in &numbers {
                check_range(format!("bytes={first}-{last}").as_bytes(), length);
            }
        }
    }
}

#[test]
fn any_range_selects_what_a_second_reading_of_the_rfc_selects() {
    let seeds = seeds(include_str!("seeds/range.txt"));
    let words = ["bytes=", "-", ",", "=", " ", "\t", "0", "1", "9", "63", "64", "65", "BYTES", "items"];
    mutation::check(5_000, &seeds, &words, |field| {
        for length in [0, 1, 2, 10, 64] {
            check_range(&field, length);
        }
    });
}

#[test]
fn any_conditions_are_decided_by_those_that_are_there() {
    let seeds = seeds(include_str!("seeds/conditions.txt"));
    let words = [
        "\"tag\"",
        "W/",
        "\"",
        ",",
        "*",
        " ",
        "GMT",
        "Mon, ",
        "Nov",
        "2026",
        "00:06:54",
        "|",
        "|range: bytes=0-9",
        "é",
        "|if-range: ",
        "|if-match: ",
        "|if-none-match: ",
        "bytes=",
        "-",
    ];
    mutation::check(5_000, &seeds, &words, |input| {
        let line = |line: &[u8]| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = Field::ALL.into_iter().find(|name| name.name().as_bytes() == &line[..colon])?;
            Some((name, line[colon + 1..].trim_ascii().to_vec()))
        };
        let request = Request(input.split(|byte| *byte == b'|').filter_map(line).collect());
        let shown = String::from_utf8_lossy(&input);
        for method in [Method::Get, Method::Head] {
            for length in [0, 64] {
                match decide(method, &request, validators(), length) {
                    Decision::Full => {}
                    Decision::Part(part) => {
                        assert!(method == Method::Get && request.has(&[Field::Range]), "{shown}");
                        check_parts(&[part], length);
                    }
                    Decision::Parts(parts) => {
                        assert!(method == Method::Get && parts.len() > 1, "{shown}");
                        check_parts(&parts, length);
                    }
                    Decision::Unsatisfiable => {
                        assert!(method == Method::Get && request.has(&[Field::Range]), "{shown}");
                    }
                    Decision::NotModified => {
                        assert!(request.has(&[Field::IfNoneMatch, Field::IfModifiedSince]), "{shown}");
                    }
                    Decision::PreconditionFailed => {
                        assert!(request.has(&[Field::IfMatch, Field::IfUnmodifiedSince]), "{shown}");
                    }
                }
            }
        }
    });
}
