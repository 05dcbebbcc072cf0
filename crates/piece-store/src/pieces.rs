//! The trait of a piece store.

use protocol::{Digest, DigestSet};

use crate::{AdmitError, StoreError};

/// Bytes by their SHA-256.
///
/// All methods may be called at the same time from several contexts: admitting a piece twice is the same as
/// once, and a piece is there as a whole or not at all.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Pieces {
    /// The bytes of one piece, in the form that costs least to hand over.
    type Bytes;

    /// Hashes the bytes and keeps them if they have this digest.
    ///
    /// # Errors
    /// [`AdmitError::Mismatch`] if they do not; [`AdmitError::Store`] if they could not be kept.
    async fn admit(&self, digest: &Digest, bytes: Self::Bytes) -> Result<(), AdmitError>;

    /// The bytes of a piece, `None` if it is not kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn get(&self, digest: &Digest) -> Result<Option<Self::Bytes>, StoreError>;

    /// Whether a piece is kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn has(&self, digest: &Digest) -> Result<bool, StoreError>;

    /// All kept pieces.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn list(&self) -> Result<DigestSet, StoreError>;

    /// The pieces whose storing has begun and not ended: under way now, or given up with their tab. They count as
    /// absent.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn unfinished(&self) -> Result<DigestSet, StoreError>;

    /// Removes a piece; says whether it was there.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError>;
}
