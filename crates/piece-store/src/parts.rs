//! The trait of a store for parts of pieces that are not complete.

use protocol::transfer::Part;
use protocol::{Digest, DigestSet};

use crate::StoreError;

/// What has arrived of unfinished pieces, by digest and ranges, so that a closed tab does not lose it.
///
/// Nothing here is verified, so nothing of it is ever served or counted as kept: the digest of the whole piece
/// decides, when the piece is admitted to [`crate::Pieces`].
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Parts {
    /// Some bytes, in the form that costs least to hand over.
    type Bytes;

    /// Keeps a part of this piece. Of what was kept of the same ranges, the later counts.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn put(&self, part: &Part, piece: &Self::Bytes) -> Result<(), StoreError>;

    /// Hands over what is kept of a piece, one range after the other with its offset. Ranges may overlap, and of the same range
    /// what was kept later comes later.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn read(&self, digest: &Digest, take: impl FnMut(u32, Self::Bytes)) -> Result<(), StoreError>;

    /// The pieces of which there are parts.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn list(&self) -> Result<DigestSet, StoreError>;

    /// Removes all parts of a piece; says whether there were any.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError>;
}
