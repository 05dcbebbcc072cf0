//! The trait of a piece store.

use protocol::{Digest, DigestSet, Refusal};

use crate::{AdmitError, Bytes, StoreError};

/// Bytes by their SHA-256.
///
/// Several contexts may call all methods at the same time. Admitting a piece twice has the same effect as
/// once, and a piece is stored as a whole or not at all.
///
/// Storing a body takes three steps. [`Pieces::reserve`] comes before the request, [`Pieces::take`] writes
/// the body to the disk as it arrives, and [`Pieces::verify`] reads it back and hashes it. A piece counts as
/// absent until the last step has succeeded, even if the page or worker ends in between; [`Pieces::recover`]
/// repeats that step.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Pieces: Clone + 'static {
    /// The bytes of one piece, in the form that costs least to hand over.
    type Bytes: Bytes;

    /// The answer to a request for a piece.
    type Body;

    /// A place for the body of one piece. Others who want to store that piece wait until it is dropped.
    type Reservation: 'static;

    /// A stored body that is not verified yet.
    type Staged: 'static;

    /// A complete piece in the file of its parts, verified there; see [`crate::Parts::whole`].
    type File;

    /// Hashes the bytes and keeps them if they have this digest.
    ///
    /// # Errors
    /// [`AdmitError::Mismatch`] if they do not; [`AdmitError::Store`] if they could not be kept.
    async fn admit(&self, digest: &Digest, bytes: Self::Bytes) -> Result<(), AdmitError>;

    /// Keeps a piece that was verified in its file.
    ///
    /// # Errors
    /// When it could not be kept.
    async fn admit_file(&self, file: &Self::File) -> Result<(), StoreError>;

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

    /// The pieces whose storing has begun and not ended: under way now, or abandoned with their tab. They count as absent.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn unfinished(&self) -> Result<DigestSet, StoreError>;

    /// Removes a piece; says whether it was there.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError>;

    /// Reserves the place for a piece; `None` if the piece is kept already. Call it before asking for the body: what comes while
    /// nobody takes it is held in memory.
    ///
    /// # Errors
    /// Why there is no place.
    async fn reserve(&self, digest: &Digest) -> Result<Option<Self::Reservation>, Refusal>;

    /// Gives a reservation back that nothing was stored in.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn give_back(&self, reservation: Self::Reservation) -> Result<(), StoreError>;

    /// Stores a body. Neither its status nor its headers say that it is the piece: a browser may report success for a response
    /// without any bytes.
    ///
    /// # Errors
    /// Why nothing was stored. A browser does not say whether the body failed or its storing, unless there was no room.
    async fn take(&self, reservation: Self::Reservation, body: &Self::Body) -> Result<Self::Staged, Refusal>;

    /// Admits what was stored if it is right, else removes it.
    ///
    /// # Errors
    /// Why it was not admitted.
    async fn verify(&self, staged: Self::Staged) -> Result<(), Refusal>;

    /// Verifies a piece whose storing was abandoned, perhaps with its tab; says whether it is kept after that. Waits for a tab
    /// that is storing it now.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    async fn recover(&self, digest: &Digest) -> Result<bool, StoreError>;

    /// The same for those of these pieces that no tab is storing now; says whether any of them is kept after that.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    async fn recover_all(&self, digests: &DigestSet) -> Result<bool, StoreError>;

    /// The SHA-256 of a text.
    ///
    /// # Errors
    /// Where the browser has no Web Crypto.
    async fn sha256(&self, text: &[u8]) -> Result<Digest, StoreError>;

    /// Stores and verifies a piece.
    ///
    /// # Errors
    /// Why the piece was not admitted.
    async fn admit_body(&self, digest: &Digest, body: &Self::Body) -> Result<(), Refusal> {
        match self.reserve(digest).await? {
            Some(reservation) => self.verify(self.take(reservation, body).await?).await,
            None => Ok(()),
        }
    }

    /// Lends memory of a piece, which verifying then uses.
    fn lend(&self, memory: Self::Bytes) {
        memory.release();
    }

    /// Gives memory back that verifying has used.
    fn release_memory(&self) {}

    /// Whether the store has stopped answering this page or worker. Then only a new page can use it.
    fn is_unresponsive(&self) -> bool {
        false
    }
}
