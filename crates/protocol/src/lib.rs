//! What Modelferry's programs share: names, digests, manifests, routes, messages, and the state machine of
//! a download.
//!
//! **Architecture Invariant:** nothing here does I/O, reads a clock or uses a `JsValue`. Time and events
//! come in as values, and decisions go out as values. All of it is therefore tested natively.

mod attempt;
mod catalogue;
mod digest;
mod digest_set;
pub mod download;
pub mod hub;
mod intent;
mod manifest;
mod message;
mod name;
pub mod representation;
pub mod routes;
pub mod shell;
mod text;
pub mod transfer;

pub use attempt::AttemptId;
pub use catalogue::{CardData, IndexReport, LfsPointer, ModelInfo, Problem, Sibling};
pub use digest::{Digest, DigestError, Revision};
pub use digest_set::DigestSet;
pub use intent::{Intent, IntentState};
pub use manifest::{File, Manifest, ManifestError, Piece, Slice};
pub use message::{BroadcastMessage, CHANNEL, Ending, Refusal};
pub use name::{FilePath, ModelId, NameError, RESERVED_OWNERS};
pub use text::TextForm;
