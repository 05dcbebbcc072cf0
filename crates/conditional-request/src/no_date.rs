//! In the place of `date.rs` where there is nothing that a date could be compared with: no text is one.

use crate::validator::Seconds;

pub(crate) fn parse(_text: &str) -> Option<Seconds> {
    None
}
