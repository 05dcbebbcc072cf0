//! The trait of locks that all pages and workers of an origin share.

use std::fmt;

use protocol::{Digest, ModelId};

use crate::StoreError;

/// How the names of the page engines' locks begin.
pub(crate) const PAGE_ENGINE: &str = "modelferry page ";

/// The names of locks. Code that holds several takes them in this order: `PageEngine` or `Start`, `Recovery`, `Store`, `Piece`.
#[derive(Clone, Copy, Debug)]
pub enum LockName<'a> {
    /// To fetch this model in the page itself.
    PageEngine(&'a ModelId),
    /// To ask the browser for a background fetch of this model.
    Start(&'a ModelId),
    /// To store the pieces of a background fetch of this model that has ended.
    Recovery(&'a ModelId),
    /// To store or remove manifests: what counts as stored must not be removed before its manifest is stored.
    Store,
    /// To store this piece.
    Piece(&'a Digest),
}

/// These names never change, because tabs of different versions share the locks.
impl fmt::Display for LockName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PageEngine(model) => write!(f, "{PAGE_ENGINE}{model}"),
            Self::Start(model) => write!(f, "modelferry start {model}"),
            Self::Recovery(model) => write!(f, "modelferry salvage {model}"),
            Self::Store => f.write_str("modelferry store"),
            Self::Piece(digest) => write!(f, "modelferry piece {digest}"),
        }
    }
}

/// Exclusive locks by name. The browser releases those of a page or worker that ends.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Locks: Clone + 'static {
    /// A lock, until it is dropped.
    type Lock: 'static;

    /// Waits for a lock; dropping the future ends the wait. Without Web Locks in the browser, every call returns at once.
    ///
    /// # Errors
    /// When the browser refuses.
    async fn wait(&self, name: LockName<'_>) -> Result<Self::Lock, StoreError>;

    /// Takes a lock if it is free. A lock that was dropped just now may still count as taken: browsers release it a moment
    /// later.
    ///
    /// # Errors
    /// When the browser refuses.
    async fn if_free(&self, name: LockName<'_>) -> Result<Option<Self::Lock>, StoreError>;

    /// Whether this lock is taken now. `false` where the browser has no locks.
    ///
    /// # Errors
    /// When the browser refuses.
    async fn is_taken(&self, name: LockName<'_>) -> Result<bool, StoreError>;

    /// Whether some page fetches some model itself. `false` where the browser has no locks.
    ///
    /// # Errors
    /// When the browser refuses.
    async fn is_any_page_engine_at_work(&self) -> Result<bool, StoreError>;
}
