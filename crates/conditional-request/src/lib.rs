//! What a GET or HEAD is answered that may have conditions and ranges: RFC 9110 sections 13 and 14, as one pure function,
//! [`decide`]. Files, pieces and documents of the server all go through it.
//!
//! Nothing here knows of a server, of bodies or of a clock: it may run in a browser as well.

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
