//! HTTP without policy: turns decisions into answers, files into bodies, and missing things into error
//! answers. [`crate::routes`] maps URLs.

mod access_log;
mod answer;
mod body;
mod cross_origin;
mod headers;
mod methods;
mod multipart;
mod observers;
mod open_file;
mod refusal;
mod sendfile_queue;

pub use access_log::AccessLog;
pub(crate) use answer::{Representation, RepresentationHeaders, Stored, answer, answer_stored};
pub use cross_origin::{AllowedOrigins, PageIsolation};
pub(crate) use cross_origin::{isolate, resource_policy};
pub(crate) use headers::{IMMUTABLE, NO_CACHE, REPR_DIGEST, X_REPO_COMMIT, ascii, content_type, repo_commit};
pub(crate) use methods::OtherMethod;
pub(crate) use observers::{Observation, Observers};
pub(crate) use open_file::OpenFile;
pub(crate) use refusal::{ErrorFormat, Refusal, sentence};
pub(crate) use sendfile_queue::{FilePart, SendfileQueue, is_placeholder};
