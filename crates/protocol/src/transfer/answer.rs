//! What the status and the headers of an answer mean for a request.

use crate::download::{Cause, Millis};

/// The beginning of an answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Where its body begins, from `Content-Range`.
    pub first: Option<u32>,
    /// Its length, from `Content-Length`; `None` too if the body is encoded, since that counts other bytes.
    pub length: Option<u64>,
    /// How long the server asks us to wait, from `Retry-After`; 0 if it does not.
    pub retry_after: Millis,
}

pub(super) enum Verdict {
    /// The body is what was asked for.
    Take,
    /// The body is the whole piece, although a range was asked for.
    Whole,
    /// The range does not exist, or another one came.
    NoSuchRange,
    /// Another try may help.
    Passing(Cause),
    /// Another try will not help now.
    Final(Cause),
}

impl Answer {
    pub(super) fn judge(&self, ranged: bool, first: u32, size: u32) -> Verdict {
        match self.status {
            // A page that asks for a password is not what ignores ranges.
            200 if self.length.is_some_and(|length| length != u64::from(size)) => {
                Verdict::Passing(Cause::Network)
            }
            200 if ranged => Verdict::Whole,
            200 => Verdict::Take,
            206 if self.first == Some(first) => Verdict::Take,
            206 | 416 if ranged => Verdict::NoSuchRange,
            404 | 410 => Verdict::Final(Cause::Gone),
            status @ (408 | 425 | 429) => Verdict::Passing(Cause::Status(status)),
            status @ 400..=499 => Verdict::Final(Cause::Status(status)),
            status => Verdict::Passing(Cause::Status(status)),
        }
    }
}

/// Where the bytes begin that a `Content-Range` speaks of: RFC 9110 section 14.4.
#[must_use]
pub fn range_start(field: &str) -> Option<u32> {
    field.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}
