//! One rule: which requests it is about, and what goes wrong with their answers. Read from JSON by hand, so
//! that an error can name the rule and the field.

mod parse;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use serde_json::{Map, Value};

use crate::pattern::Pattern;
pub use parse::RuleError;
pub(crate) use parse::parse;

/// A rule as it was given.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// What the log calls it.
    pub(crate) name: String,
    path: Option<Pattern>,
    method: Option<Method>,
    /// With a `Range` header, or without.
    ranged: Option<bool>,
    /// So many matching requests are left out first.
    pub(crate) skip: u64,
    /// So many requests get its faults, then none.
    pub(crate) times: Option<u64>,
    pub(crate) faults: Faults,
    /// For showing it.
    pub(crate) json: Map<String, Value>,
}

impl Rule {
    pub(crate) fn matches<B>(&self, request: &http::Request<B>) -> bool {
        let ranged = request.headers().contains_key(http::header::RANGE);
        self.path.as_ref().is_none_or(|path| path.fits(request.uri().path()))
            && self.method.as_ref().is_none_or(|method| method == request.method())
            && self.ranged.is_none_or(|wanted| wanted == ranged)
    }
}

/// What goes wrong with one answer. Lengths and places are bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) delay: Option<Duration>,
    /// Of the body as it is sent.
    pub(crate) cut: Option<Cut>,
    /// Of the body as it is sent.
    pub(crate) stall_at: Option<u64>,
    /// Instead of the upstream's.
    pub(crate) answer: Option<Answer>,
    /// Of the representation.
    pub(crate) corrupt_at: Option<u64>,
    /// Of the body before it is compressed.
    pub(crate) truncate_to: Option<u64>,
    pub(crate) drop_headers: Option<Vec<HeaderName>>,
    pub(crate) set_headers: Option<HeaderMap>,
    pub(crate) gzip: Option<bool>,
    pub(crate) ignore_range: Option<bool>,
    pub(crate) bytes_per_second: Option<u64>,
    pub(crate) replace: Option<Replace>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Cut {
    pub(crate) at: u64,
    pub(crate) kind: CutKind,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum CutKind {
    /// As if the program had closed it: what is in the socket's buffer still arrives.
    #[default]
    Fin,
    /// At once: what is in the buffers of either side may be lost.
    Reset,
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// One text for another of the same length.
#[derive(Clone, Debug)]
pub(crate) struct Replace {
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Faults {
    /// Takes what the other has and this one does not have yet; says whether that was anything.
    pub(crate) fn add(&mut self, other: &Self) -> bool {
        let taken = [
            take(&mut self.delay, other.delay.as_ref()),
            take(&mut self.cut, other.cut.as_ref()),
            take(&mut self.stall_at, other.stall_at.as_ref()),
            take(&mut self.answer, other.answer.as_ref()),
            take(&mut self.corrupt_at, other.corrupt_at.as_ref()),
            take(&mut self.truncate_to, other.truncate_to.as_ref()),
            take(&mut self.drop_headers, other.drop_headers.as_ref()),
            take(&mut self.set_headers, other.set_headers.as_ref()),
            take(&mut self.gzip, other.gzip.as_ref()),
            take(&mut self.ignore_range, other.ignore_range.as_ref()),
            take(&mut self.bytes_per_second, other.bytes_per_second.as_ref()),
            take(&mut self.replace, other.replace.as_ref()),
        ];
        taken.contains(&true)
    }
}

fn take<T: Clone>(mine: &mut Option<T>, theirs: Option<&T>) -> bool {
    if mine.is_some() || theirs.is_none() {
        return false;
    }
    *mine = theirs.cloned();
    true
}
