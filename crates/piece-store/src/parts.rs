//! The trait of a store for parts of unfinished pieces, and code that the implementations for browsers
//! share.

use js_sys::Uint8Array;
use protocol::transfer::Part;
use protocol::{Digest, DigestSet};

use crate::{Bytes, StoreError, StoreErrorKind};

/// Hardly any part is longer, in bytes.
pub(crate) const LONG: u32 = 4 << 20;

/// The bytes of unfinished pieces, by digest and range, so that a closed tab does not lose them.
///
/// Parts are not verified, so they are never served or counted as stored. The digest of the whole piece
/// decides when the piece is admitted to [`crate::Pieces`].
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Parts: Clone + 'static {
    /// Some bytes, in the form that costs least to hand over.
    type Bytes: Bytes;

    /// Keeps files open while it lives.
    type KeepOpen: 'static;

    /// A complete piece in its file, verified there.
    type File;

    /// Keeps a part of this piece. Where ranges overlap, the later write counts.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn put(&self, part: &Part, piece: &Self::Bytes) -> Result<(), StoreError>;

    /// Hands over what is kept of a piece, one range after the other with its offset. Ranges may overlap; later writes come
    /// later.
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

    /// Call it before there is much to write.
    fn keep_open(&self) -> Self::KeepOpen;

    /// Another page or the worker stores a part of this piece: its file alone is not whole from now on.
    fn is_scattered(&self, digest: &Digest);

    /// Adds the `rest` of a piece to the file of its parts. Returns the file if it then has the whole piece
    /// and the digest matches. This uses the memory of `piece`, which has the bytes of the file afterwards,
    /// or none.
    async fn whole(&self, rest: &Part, piece: &mut Self::Bytes) -> Option<Self::File>;

    /// Gives memory back that writing has used.
    fn release_memory(&self) {}
}

/// Copies the bytes of a part into memory of its length.
///
/// # Errors
/// When the piece has no memory: it was lent to a worker.
pub fn gather(part: &Part, piece: &Uint8Array, into: &Uint8Array) -> Result<(), StoreError> {
    if part.ranges.iter().any(|(_, end)| *end > piece.length()) {
        return Err(StoreError::new(StoreErrorKind::Other, "the memory of the piece is lent"));
    }
    let mut at = 0;
    for (first, end) in &part.ranges {
        into.set(&piece.subarray(*first, *end), at);
        at += end - first;
    }
    Ok(())
}
