//! What a request gets of a representation: RFC 9110 section 13.2.2.

use crate::fields::{Field, Fields};
use crate::range::{Asked, ByteRange, asked};
use crate::validator::{IfRange, Tags, Validators, date};

/// The methods that read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// RFC 9110 section 9.3.1.
    Get,
    /// Section 9.3.2.
    Head,
}

/// The answer to a GET or HEAD for something that is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
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

/// Decides; `length` in bytes.
///
/// Only for what would be answered 200 without conditions (section 13.2.1): a 404 ignores them.
#[must_use]
pub fn decide(method: Method, fields: &impl Fields, validators: Validators<'_>, length: u64) -> Decision {
    // Steps 1 and 2: is it still what the client means? A failed date counts only if there is no tag.
    let as_expected = match Tags::of(fields, Field::IfMatch) {
        Some(tags) => tags.match_strongly(validators.tag),
        None => match (date(fields, Field::IfUnmodifiedSince), validators.last_modified) {
            (Some(since), Some(modified)) => modified <= since,
            (None, _) | (_, None) => true,
        },
    };
    if !as_expected {
        return Decision::PreconditionFailed;
    }
    // Steps 3 and 4: does the client have it already?
    let known = match Tags::of(fields, Field::IfNoneMatch) {
        Some(tags) => tags.match_weakly(validators.tag),
        None => match (date(fields, Field::IfModifiedSince), validators.last_modified) {
            (Some(since), Some(modified)) => modified <= since,
            (None, _) | (_, None) => false,
        },
    };
    if known {
        return Decision::NotModified;
    }
    // Step 5. Section 14.2: `Range` means something for GET only.
    if method == Method::Head {
        return Decision::Full;
    }
    match asked(fields, length) {
        Asked::Everything => Decision::Full,
        // Section 13.1.5: a condition that does not hold takes the range away, even one that is not there.
        Asked::Part(_) | Asked::Parts(_) | Asked::Nothing if !IfRange::of(fields).holds(validators) => {
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

    use super::*;
    use crate::fields::Listed;
    use crate::validator::Seconds;

    const LENGTH: u64 = 300_000;
    const DATE: &str = "Mon, 23 Nov 2026 00:06:54 GMT";
    const EARLIER: &str = "Mon, 23 Nov 2026 00:06:53 GMT";
    const LATER: &str = "Mon, 23 Nov 2026 00:06:55 GMT";

    fn decision(method: Method, fields: &[(&str, &str)]) -> Decision {
        // A fraction of a second that `Last-Modified` cannot say.
        let modified = UNIX_EPOCH + Duration::from_millis(1_795_392_414_750);
        let validators = Validators { tag: "abc", last_modified: Seconds::of(modified) };
        decide(method, &Listed(fields.to_vec()), validators, LENGTH)
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
            assert_eq!(decision(Method::Get, fields), *expected, "{fields:?}");
        }
    }

    #[test]
    fn head_ignores_ranges_but_not_conditions() {
        let range = ("range", "bytes=0-9");
        assert_eq!(decision(Method::Head, &[range]), Decision::Full);
        let beyond = ("range", "bytes=300000-");
        assert_eq!(decision(Method::Head, &[beyond]), Decision::Full);
        let known = ("if-none-match", "\"abc\"");
        assert_eq!(decision(Method::Head, &[known, range]), Decision::NotModified);
    }

    #[test]
    fn without_a_date_of_change_dates_are_ignored() {
        let validators = Validators { tag: "abc", last_modified: None };
        for name in ["if-modified-since", "if-unmodified-since"] {
            let fields = Listed(vec![(name, DATE)]);
            assert_eq!(decide(Method::Get, &fields, validators, 1), Decision::Full);
        }
    }
}
