//! A content-addressed store of model pieces in the browser, over the Cache API and the origin private file
//! system.
//!
//! It has four traits: [`Pieces`] (bytes by digest), [`Documents`] (small texts by key), [`Parts`] (bytes
//! of unfinished pieces) and [`Locks`]. Each has an implementation for browsers: [`CachePieces`],
//! [`CacheDocuments`], [`BrowserParts`] and [`WebLocks`]. Each also has an in-memory twin:
//! [`MemoryPieces`], [`MemoryDocuments`], [`MemoryParts`] and [`MemoryLocks`]. One conformance suite runs
//! against all of them. [`ModelStore`] combines them for pages and the worker.
//!
//! **Architecture Invariant:** a piece in the store matches its digest. [`Pieces::admit`],
//! [`Pieces::admit_file`] and [`Pieces::verify`] are the only ways to store one, and all of them hash. No
//! flag says that a model is ready.
//!
//! This crate does not decide what to fetch, or when.

mod async_mutex;
mod browser_parts;
mod byte_reader;
mod bytes;
mod cache;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connection;
mod documents;
mod error;
mod files;
mod folder;
mod globals;
mod locks;
#[cfg(not(target_family = "wasm"))]
mod memory;
mod model_store;
mod parts;
mod piece_buffer;
mod pieces;
mod web_locks;

pub use async_mutex::{AsyncMutex, Guard};
pub use browser_parts::{BrowserParts, WorkerParts};
pub use byte_reader::ByteReader;
pub use bytes::{Bytes, release};
pub use cache::{
    CacheDocuments, CacheParts, CachePieces, Reservation, SHELL, Staged, put_part, remove_other_layouts,
};
/// Entries of caches by the caches' names, for what is kept beside models.
pub mod entries {
    pub use crate::cache::{DOCUMENTS, delete_one as delete, found as get, paths, put};
}
pub use connection::is_unresponsive;
pub use documents::Documents;
pub use error::{AdmitError, StoreError, StoreErrorKind};
pub use files::{FileParts, KeepOpen, WholeFile, message_at};
pub use globals::sha256;
pub use locks::{LockName, Locks};
#[cfg(not(target_family = "wasm"))]
pub use memory::{
    BodySource, Disk, Instant, MemoryBody, MemoryBytes, MemoryDocuments, MemoryFile, MemoryLock, MemoryLocks,
    MemoryOrigin, MemoryParts, MemoryPieces, MemoryReservation, MemoryStaged, MemoryStore,
};
pub use model_store::{BrowserStore, ModelStore, StoredModel, WorkerStore};
pub use parts::{Parts, gather};
pub use pieces::Pieces;
pub use web_locks::{WebLock, WebLocks};
