//! All combinations of conditions, against a second reading of RFC 9110 section 13.2.2. What each value means is written beside
//! it here, so that no code is shared with what reads it.

use std::time::{Duration, UNIX_EPOCH};

use conditional_request::{ByteRange, Decision, Field, Fields, HttpDate, Method, Validators, decide};

const MODIFIED: u64 = 1_795_392_414;

/// How a tag is related to ours.
#[derive(Clone, Copy, PartialEq)]
enum Tag {
    Same,
    SameButWeak,
    Other,
}

/// How a date is related to ours.
#[derive(Clone, Copy, PartialEq)]
enum Date {
    Before,
    Same,
    After,
    None,
}

/// A field that is not there, or its value.
type Value = &'static str;
const ABSENT: Value = "(absent)";

const TAGS: [(Value, Tag); 9] = [
    (ABSENT, Tag::Other),
    ("\"tag\"", Tag::Same),
    ("*", Tag::Same),
    ("\"x\", \"tag\"", Tag::Same),
    ("W/\"tag\"", Tag::SameButWeak),
    ("W/\"tag\",\"x\"", Tag::SameButWeak),
    ("\"x\"", Tag::Other),
    ("tag", Tag::Other),
    ("", Tag::Other),
];

const DATES: [(Value, Date); 7] = [
    (ABSENT, Date::None),
    ("Mon, 23 Nov 2026 00:06:53 GMT", Date::Before),
    ("Mon, 23 Nov 2026 00:06:54 GMT", Date::Same),
    ("Monday, 23-Nov-26 00:06:54 GMT", Date::Same),
    ("Mon Nov 23 00:06:54 2026", Date::Same),
    ("Mon, 23 Nov 2026 00:06:55 GMT", Date::After),
    ("23 Nov", Date::None),
];

/// And whether the range holds.
const IF_RANGES: [(Value, bool); 9] = [
    (ABSENT, true),
    ("\"tag\"", true),
    ("W/\"tag\"", false),
    ("\"x\"", false),
    ("*", false),
    ("Mon, 23 Nov 2026 00:06:53 GMT", false),
    ("Mon, 23 Nov 2026 00:06:54 GMT", true),
    ("Mon, 23 Nov 2026 00:06:55 GMT", false),
    ("", false),
];

struct Request([(Field, Value); 6]);

impl Fields for Request {
    fn lines(&self, field: Field) -> impl Iterator<Item = &[u8]> {
        let found = self.0.iter().filter(move |(name, value)| *name == field && *value != ABSENT);
        found.map(|(_, value)| value.as_bytes())
    }
}

#[test]
fn every_combination_of_conditions_is_decided_in_the_order_of_the_rfc() {
    let ranges = [
        (ABSENT, Decision::Full),
        ("bytes=0-9", Decision::Part(ByteRange { first: 0, last: 9 })),
        (
            "bytes=0-9,50-59",
            Decision::Parts(vec![ByteRange { first: 0, last: 9 }, ByteRange { first: 50, last: 59 }]),
        ),
        ("bytes=100-", Decision::Unsatisfiable),
        ("items=0-9", Decision::Full),
    ];
    let validators =
        Validators { tag: "tag", last_modified: HttpDate::of(UNIX_EPOCH + Duration::from_secs(MODIFIED)) };
    let mut combinations = 0;
    for (if_match, match_tag) in TAGS {
        for (if_unmodified_since, unmodified) in DATES {
            for (if_none_match, none_match_tag) in TAGS {
                for (if_modified_since, modified) in DATES {
                    for (if_range, range_holds) in IF_RANGES {
                        for (range, in_range) in &ranges {
                            let request = Request([
                                (Field::IfMatch, if_match),
                                (Field::IfUnmodifiedSince, if_unmodified_since),
                                (Field::IfNoneMatch, if_none_match),
                                (Field::IfModifiedSince, if_modified_since),
                                (Field::IfRange, if_range),
                                (Field::Range, range),
                            ]);
                            let fails = if if_match == ABSENT {
                                unmodified == Date::Before
                            } else {
                                match_tag != Tag::Same
                            };
                            let known = if if_none_match == ABSENT {
                                matches!(modified, Date::Same | Date::After)
                            } else {
                                none_match_tag != Tag::Other
                            };
                            for method in [Method::Get, Method::Head] {
                                let expected = match (fails, known) {
                                    (true, _) => Decision::PreconditionFailed,
                                    (false, true) => Decision::NotModified,
                                    (false, false) if method == Method::Get && range_holds => {
                                        in_range.clone()
                                    }
                                    (false, false) => Decision::Full,
                                };
                                assert_eq!(
                                    decide(method, &request, validators, 100),
                                    expected,
                                    "{method:?} {:?}",
                                    request.0
                                );
                                combinations += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(combinations, 9 * 7 * 9 * 7 * 9 * 5 * 2);
}
