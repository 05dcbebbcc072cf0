//! Dates as HTTP writes them: RFC 9110 section 5.6.7.

use crate::validator::Seconds;

/// The date that a text is, in any of the three forms.
pub(crate) fn parse(text: &str) -> Option<Seconds> {
    Seconds::of(httpdate::parse_http_date(text).ok()?)
}
