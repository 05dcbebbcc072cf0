//! Dates as HTTP writes them: RFC 9110 section 5.6.7.

use std::time::{SystemTime, UNIX_EPOCH};

/// An HTTP date: whole seconds since 1970.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct HttpDate(u64);

impl HttpDate {
    /// Cuts a time to the precision of HTTP dates; `None` before 1970.
    #[must_use]
    pub fn of(time: SystemTime) -> Option<Self> {
        Some(Self(time.duration_since(UNIX_EPOCH).ok()?.as_secs()))
    }
}

#[cfg(feature = "dates")]
impl HttpDate {
    /// Reads any of the three forms.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::of(httpdate::parse_http_date(text).ok()?)
    }
}

#[cfg(not(feature = "dates"))]
impl HttpDate {
    /// Reads nothing: there is no date to compare with.
    pub(crate) fn parse(_text: &str) -> Option<Self> {
        None
    }
}
