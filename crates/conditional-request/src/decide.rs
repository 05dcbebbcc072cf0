//! Decides which part of a representation a request gets: RFC 9110 section 13.2.2.

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
    /// 412: it is not what the client wants to continue with.
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
    use super::*;
    use crate::fields::Listed;

    #[test]
    fn without_a_date_of_change_dates_are_ignored() {
        let validators = Validators { tag: "abc", last_modified: None };
        for name in ["if-modified-since", "if-unmodified-since"] {
            let fields = Listed(vec![(name, "Mon, 23 Nov 2026 00:06:54 GMT")]);
            assert_eq!(decide(Method::Get, &fields, validators, 1), Decision::Full);
        }
    }
}
