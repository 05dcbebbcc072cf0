//! What a request gets of a representation: one pure function, RFC 9110 section 13.2.2. Files, pieces and
//! documents all go through it.

use axum::http::{HeaderMap, Method, header};

use super::range::{Asked, ByteRange, asked};
use super::validator::{IfRange, Tags, Validators, date};

/// The answer to a GET or HEAD for something that is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Decision {
    /// 200 with everything.
    Full,
    /// 206 with one part.
    Part(ByteRange),
    /// 206 with several parts.
    Parts(Vec<ByteRange>),
    /// 304: the client has it.
    NotModified,
    /// 412: it is not what the client wants to go on with.
    PreconditionFailed,
    /// 416: the client asks for bytes that are not there.
    Unsatisfiable,
}

/// Decides. `method` is GET or HEAD, `length` in bytes.
///
/// Only for what would be answered 200 without conditions (section 13.2.1): a 404 ignores them.
pub(crate) fn decide(
    method: &Method,
    headers: &HeaderMap,
    validators: Validators<'_>,
    length: u64,
) -> Decision {
    // Steps 1 and 2: is it still what the client means? A failed date counts only if there is no tag.
    let as_expected = match Tags::of(headers, &header::IF_MATCH) {
        Some(tags) => tags.match_strongly(validators.tag),
        None => match (date(headers, &header::IF_UNMODIFIED_SINCE), validators.last_modified) {
            (Some(since), Some(modified)) => modified <= since,
            (None, _) | (_, None) => true,
        },
    };
    if !as_expected {
        return Decision::PreconditionFailed;
    }
    // Steps 3 and 4: does the client have it already?
    let known = match Tags::of(headers, &header::IF_NONE_MATCH) {
        Some(tags) => tags.match_weakly(validators.tag),
        None => match (date(headers, &header::IF_MODIFIED_SINCE), validators.last_modified) {
            (Some(since), Some(modified)) => modified <= since,
            (None, _) | (_, None) => false,
        },
    };
    if known {
        return Decision::NotModified;
    }
    // Step 5. Section 14.2: `Range` means something for GET only.
    if *method != Method::GET {
        return Decision::Full;
    }
    match asked(headers, length) {
        Asked::Everything => Decision::Full,
        // Section 13.1.5: a condition that does not hold takes the range away, even one that is not there.
        Asked::Part(_) | Asked::Parts(_) | Asked::Nothing if !IfRange::of(headers).holds(validators) => {
            Decision::Full
        }
        Asked::Part(part) => Decision::Part(part),
        Asked::Parts(parts) => Decision::Parts(parts),
        Asked::Nothing => Decision::Unsatisfiable,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::super::validator::Seconds;
    use super::*;

    const LENGTH: u64 = 300_000;
    const DATE: &str = "Mon, 23 Nov 2026 00:06:54 GMT";
    const EARLIER: &str = "Mon, 23 Nov 2026 00:06:53 GMT";
    const LATER: &str = "Mon, 23 Nov 2026 00:06:55 GMT";

    fn decision(method: &Method, fields: &[(&str, &str)]) -> Decision {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name: header::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        // A fraction of a second that `Last-Modified` cannot say.
        let modified = UNIX_EPOCH + Duration::from_millis(1_795_392_414_750);
        let validators = Validators { tag: "abc", last_modified: Seconds::of(modified) };
        decide(method, &headers, validators, LENGTH)
    }

    #[test]
    fn every_row_of_the_probe_is_answered_as_the_rfc_says() {
        use Decision::{Full, NotModified, PreconditionFailed, Unsatisfiable};
        let part = || Decision::Part(ByteRange { first: 0, last: 9 });
        let range = ("range", "bytes=0-9");
        let several = ("range", "bytes=0-9,1000-1009");
        let parts = || {
            Decision::Parts([(0, 9), (1000, 1009)].map(|(first, last)| ByteRange { first, last }).to_vec())
        };
        let rows: &[(&[(&str, &str)], Decision)] = &[
            (&[], Full),
            (&[range], part()),
            (&[("range", "bytes=300000-")], Unsatisfiable),
            (&[("range", "items=0-1")], Full),
            (&[several], parts()),
            (&[several, ("if-range", "\"abc\"")], parts()),
            (&[several, ("if-range", "\"other\"")], Full),
            // If-Range.
            (&[range, ("if-range", "\"abc\"")], part()),
            (&[range, ("if-range", "\"other\"")], Full),
            (&[range, ("if-range", "W/\"abc\"")], Full),
            (&[range, ("if-range", DATE)], part()),
            (&[range, ("if-range", EARLIER)], Full),
            (&[range, ("if-range", LATER)], Full),
            (&[range, ("if-range", "nonsense")], Full),
            (&[("if-range", "\"other\"")], Full),
            (&[("range", "bytes=300000-"), ("if-range", "\"other\"")], Full),
            (&[("range", "bytes=300000-"), ("if-range", "\"abc\"")], Unsatisfiable),
            // If-None-Match.
            (&[("if-none-match", "\"abc\"")], NotModified),
            (&[("if-none-match", "W/\"abc\"")], NotModified),
            (&[("if-none-match", "\"x\", \"abc\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"x\"")], Full),
            (&[("if-none-match", "\"x\""), ("if-modified-since", DATE)], Full),
            (&[("if-none-match", "\"abc\""), range], NotModified),
            // If-Modified-Since.
            (&[("if-modified-since", DATE)], NotModified),
            (&[("if-modified-since", LATER)], NotModified),
            (&[("if-modified-since", EARLIER)], Full),
            (&[("if-modified-since", "nonsense")], Full),
            (&[("if-modified-since", "Monday, 23-Nov-26 00:06:54 GMT")], NotModified),
            (&[("if-modified-since", "Mon Nov 23 00:06:54 2026")], NotModified),
            // If-Match.
            (&[("if-match", "\"x\"")], PreconditionFailed),
            (&[("if-match", "W/\"abc\"")], PreconditionFailed),
            (&[("if-match", "\"x\""), range], PreconditionFailed),
            (&[("if-match", "\"abc\""), range], part()),
            (&[("if-match", "*"), range], part()),
            (&[("if-match", "\"abc\""), ("if-none-match", "\"abc\"")], NotModified),
            // If-Unmodified-Since.
            (&[("if-unmodified-since", EARLIER)], PreconditionFailed),
            (&[("if-unmodified-since", DATE)], Full),
            (&[("if-unmodified-since", "nonsense")], Full),
            (&[("if-match", "\"abc\""), ("if-unmodified-since", EARLIER)], Full),
        ];
        for (fields, expected) in rows {
            assert_eq!(decision(&Method::GET, fields), *expected, "{fields:?}");
        }
    }

    #[test]
    fn head_ignores_ranges_but_not_conditions() {
        let range = ("range", "bytes=0-9");
        assert_eq!(decision(&Method::HEAD, &[range]), Decision::Full);
        let beyond = ("range", "bytes=300000-");
        assert_eq!(decision(&Method::HEAD, &[beyond]), Decision::Full);
        let known = ("if-none-match", "\"abc\"");
        assert_eq!(decision(&Method::HEAD, &[known, range]), Decision::NotModified);
    }

    #[test]
    fn without_a_date_of_change_dates_are_ignored() {
        let validators = Validators { tag: "abc", last_modified: None };
        for name in [header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE] {
            let headers = HeaderMap::from_iter([(name, DATE.parse().unwrap())]);
            assert_eq!(decide(&Method::GET, &headers, validators, 1), Decision::Full);
        }
    }
}
