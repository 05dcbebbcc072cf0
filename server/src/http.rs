//! HTTP without policy: what a request asks of a representation, how bytes become a body, how things that are
//! not there are said. Which URL is what is the business of [`crate::routes`].

mod access_log;
mod answer;
mod body;
mod decide;
#[cfg(test)]
mod go_tables;
mod handover;
mod headers;
mod multipart;
mod open_file;
mod range;
mod refusal;
mod validator;

pub use access_log::AccessLog;
pub(crate) use access_log::{Observers, observe};
pub(crate) use answer::{Representation, Said, Stored, answer, answer_stored};
pub(crate) use handover::{Handover, Part, is_stand_in};
pub(crate) use headers::{EXPOSED, IMMUTABLE, NO_CACHE, X_REPO_COMMIT, ascii, content_type};
pub(crate) use open_file::OpenFile;
pub(crate) use refusal::{Form, Refusal, sentence};
