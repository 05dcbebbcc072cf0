//! The answer to a GET or HEAD that may have conditions and ranges: RFC 9110 sections 13 and 14, as one
//! pure function, [`decide`]. The server uses it for files, pieces and documents, and the service worker
//! for models on the device.
//!
//! This crate does not use servers, bodies or clocks, so it also runs in a browser.

mod date;
mod decide;
mod fields;
#[cfg(test)]
mod go_tables;
mod range;
mod validator;

pub use date::HttpDate;
pub use decide::{Decision, Method, decide};
pub use fields::{Field, Fields};
pub use range::ByteRange;
pub use validator::Validators;
