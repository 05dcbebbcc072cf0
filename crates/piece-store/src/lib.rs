//! A content-addressed store of model pieces in the browser, over the Cache API.
//!
//! Three traits, [`Pieces`] (bytes by digest), [`Documents`] (small texts by key) and [`Parts`] (what has arrived of
//! unfinished pieces), each with an implementation over the Cache API ([`CachePieces`], [`CacheDocuments`],
//! [`CacheParts`]) and an in-memory twin ([`MemoryPieces`], [`MemoryDocuments`], [`MemoryParts`]). One conformance
//! suite runs against all of them. [`ModelStore`] is what page and worker use: all of it together.
//!
//! **Architecture Invariant:** nothing is a piece in the store that does not match its digest: [`Pieces::admit`],
//! [`CachePieces::admit_file`] and [`CachePieces::verify`] are the only ways in, and what comes in was hashed. There is no flag that says a model is ready.
//!
//! What to fetch, and when, is not decided here.

mod admission;
mod browser_parts;
mod byte_reader;
mod cache;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connection;
mod documents;
mod error;
mod files;
mod folder;
mod memory;
mod model_store;
mod one_at_a_time;
mod parts;
mod pieces;
mod turn;

pub use admission::{PieceBuffer, Place, Unverified, release, two_at_a_time};
pub use browser_parts::{BrowserParts, WorkerParts};
pub use byte_reader::ByteReader;
pub use cache::{
    CacheDocuments, CacheParts, CachePieces, SHELL, gather, put_part, remove_other_layouts, sha256,
};
/// Entries of caches by the caches' names, for what is kept beside models.
pub mod entries {
    pub use crate::cache::{DOCUMENTS, delete_one as delete, found as get, paths, put};
}
pub use connection::is_silent;
pub use documents::Documents;
pub use error::{AdmitError, StoreError, StoreErrorKind};
pub use files::{FileParts, KeepOpen, WholeFile, message_at};
pub use memory::{MemoryDocuments, MemoryParts, MemoryPieces};
pub use model_store::{BrowserStore, ModelStore, StoredModel, WorkerStore};
pub use one_at_a_time::{Alone, OneAtATime};
pub use parts::Parts;
pub use pieces::Pieces;
pub use turn::{Turn, TurnOf};
