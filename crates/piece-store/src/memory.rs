//! The in-memory twins. Any number of simulated pages and workers share them as one origin's store.
//!
//! Bytes may be [described](MemoryBytes::described) instead of written out, so that pieces of realistic
//! sizes cost no memory.

mod bytes;
mod documents;
mod locks;
mod parts;
mod pieces;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;

use protocol::{Digest, DigestSet};

use crate::{ModelStore, StoreError};

pub use bytes::MemoryBytes;
pub use documents::MemoryDocuments;
pub use locks::{MemoryLock, MemoryLocks};
pub use parts::MemoryParts;
pub use pieces::{BodySource, MemoryBody, MemoryFile, MemoryPieces, MemoryReservation, MemoryStaged};

/// A store in memory.
pub type MemoryStore = ModelStore<MemoryPieces, MemoryDocuments, MemoryParts>;

/// What an origin has stored.
#[derive(Debug, Default)]
pub struct MemoryOrigin {
    pieces: RefCell<BTreeMap<Digest, MemoryBytes>>,
    /// Pieces whose storing has begun and not ended.
    unfinished: RefCell<DigestSet>,
    documents: RefCell<BTreeMap<String, String>>,
    files: RefCell<BTreeMap<Digest, Vec<(u32, MemoryBytes)>>>,
    /// Who has them open.
    open_files: RefCell<BTreeMap<Digest, parts::Opener>>,
    /// What is in caches.
    parts: RefCell<BTreeMap<Digest, Vec<(u32, MemoryBytes)>>>,
    /// Nobody gets an answer about files any more, as in Chromium after site data were cleared.
    files_are_silent: Cell<bool>,
    /// Rises when everything is removed: what belongs to the time before goes nowhere.
    cleared: Cell<u64>,
    /// Pieces that changed.
    new: RefCell<Vec<Digest>>,
    /// How often a manifest was removed, or a piece that could be read.
    removals: Cell<u64>,
}

impl MemoryOrigin {
    /// How many bytes are stored, unfinished pieces included.
    #[must_use]
    pub fn usage(&self) -> u64 {
        let bytes = |bytes: &MemoryBytes| u64::from(bytes.len());
        let pieces = self.pieces.borrow().values().map(bytes).sum::<u64>();
        let parts = |parts: &RefCell<BTreeMap<_, Vec<(u32, MemoryBytes)>>>| {
            parts.borrow().values().flatten().map(|(_, part)| bytes(part)).sum::<u64>()
        };
        pieces + parts(&self.files) + parts(&self.parts)
    }

    /// Whether a piece can be read.
    #[must_use]
    pub fn is_readable(&self, digest: &Digest) -> bool {
        self.pieces.borrow().contains_key(digest) && !self.unfinished.borrow().contains(digest)
    }

    /// Whether a document is stored.
    #[must_use]
    pub fn has_document(&self, key: &str) -> bool {
        self.documents.borrow().contains_key(key)
    }

    /// The pieces that could be read since the last call although their bytes are not right: none, ever.
    #[must_use]
    pub fn take_wrong(&self) -> Vec<Digest> {
        let pieces = self.pieces.borrow();
        let new = self.new.take().into_iter().filter(|digest| self.is_readable(digest));
        new.filter(|digest| pieces.get(digest).is_some_and(|bytes| bytes.digest() != *digest)).collect()
    }

    fn is_new(&self, digest: &Digest) {
        self.new.borrow_mut().push(*digest);
    }

    /// How many bytes of parts there are of a piece.
    #[must_use]
    pub fn parts_of(&self, digest: &Digest) -> u64 {
        let of = |parts: &RefCell<BTreeMap<Digest, Vec<(u32, MemoryBytes)>>>| {
            parts
                .borrow()
                .get(digest)
                .into_iter()
                .flatten()
                .map(|(_, part)| u64::from(part.len()))
                .sum::<u64>()
        };
        of(&self.files) + of(&self.parts)
    }

    /// Nobody gets an answer about files from now on.
    pub fn silence_files(&self) {
        self.files_are_silent.set(true);
    }

    /// Removes a piece, as a browser does that needs the room.
    pub fn evict(&self, digest: &Digest) -> bool {
        self.remove(digest)
    }

    /// How often a manifest was removed, or a piece that could be read.
    #[must_use]
    pub fn removals(&self) -> u64 {
        self.removals.get()
    }

    fn remove(&self, digest: &Digest) -> bool {
        if self.is_readable(digest) {
            self.removals.set(self.removals.get() + 1);
        }
        self.pieces.borrow_mut().remove(digest).is_some()
    }

    /// Removes everything, as a user does who clears a site's data.
    pub fn clear(&self) {
        self.pieces.take();
        self.unfinished.take();
        self.documents.take();
        self.files.take();
        self.parts.take();
        self.cleared.set(self.cleared.get() + 1);
        self.removals.set(self.removals.get() + 1);
    }

    /// The pieces that can be read.
    #[must_use]
    pub fn readable(&self) -> DigestSet {
        self.pieces.borrow().keys().filter(|digest| self.is_readable(digest)).copied().collect()
    }
}

/// What happens on the way between a page or worker and its store.
pub trait Disk: fmt::Debug {
    /// Comes back when an operation may happen, or with the reason why it fails. Writes say how many bytes.
    fn operation(&self, writes: Option<u64>) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + '_>>;

    /// Hears what a page or worker knows of a piece from now on: whether it is kept.
    fn knows(&self, _digest: &Digest, _is_kept: bool) {}

    /// Whether the store has stopped answering this page or worker.
    fn is_unresponsive(&self) -> bool {
        false
    }
}

/// A disk that never waits nor fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Instant;

impl Disk for Instant {
    fn operation(&self, _: Option<u64>) -> Pin<Box<dyn Future<Output = Result<(), StoreError>>>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// How one page or worker reaches the store.
#[derive(Clone, Debug)]
struct Access {
    origin: Rc<MemoryOrigin>,
    disk: Rc<dyn Disk>,
}

impl Access {
    async fn read(&self) -> Result<&MemoryOrigin, StoreError> {
        self.disk.operation(None).await?;
        Ok(&self.origin)
    }

    async fn write(&self, bytes: u64) -> Result<&MemoryOrigin, StoreError> {
        self.disk.operation(Some(bytes)).await?;
        Ok(&self.origin)
    }
}

impl MemoryStore {
    /// The store of an origin as one page or worker reaches it.
    #[must_use]
    pub fn of(origin: &Rc<MemoryOrigin>, locks: MemoryLocks, disk: Rc<dyn Disk>) -> Self {
        let access = Access { origin: Rc::clone(origin), disk };
        let pieces = MemoryPieces::new(access.clone(), locks);
        Self::new(pieces, MemoryDocuments::new(access.clone()), MemoryParts::new(access))
    }
}
