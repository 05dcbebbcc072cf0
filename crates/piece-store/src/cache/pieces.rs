//! Pieces in the Cache API.

use std::rc::Rc;

use js_sys::Uint8Array;
use protocol::{Digest, DigestSet, Refusal, routes};
use wasm_bindgen::JsCast as _;
use web_sys::{Blob, Cache, Response};

use super::{
    PIECES, about, begin_piece, body_of_piece, bytes, delete_one, finish_piece, found, mark, open,
    refuse_piece, stored, whole_and_unfinished,
};
use crate::connection::{answer_at_last, answer_to, is_unresponsive};
use crate::globals::sha256;
use crate::piece_buffer::PieceBuffer;
use crate::{
    AdmitError, LockName, Locks as _, Pieces, StoreError, StoreErrorKind, WebLock, WebLocks, WholeFile,
};

/// Pieces in the Cache API.
#[derive(Clone, Debug)]
pub struct CachePieces(Rc<PieceBuffer>);

/// A place in the cache for the body of one piece, with the piece's lock.
#[derive(Debug)]
pub struct Reservation {
    digest: Digest,
    cache: Cache,
    _lock: WebLock,
}

/// A reservation with a body in it that is not verified, and counts as absent.
#[derive(Debug)]
pub struct Staged(Reservation);

impl CachePieces {
    /// Opens the store of this origin.
    ///
    /// # Errors
    /// [`crate::StoreErrorKind::Unsupported`] where there is no Cache API, as in insecure contexts.
    pub async fn open() -> Result<Self, StoreError> {
        open(PIECES).await.map(|_| Self(Rc::default()))
    }

    /// The stored response of a piece, its body still on disk.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn response(&self, digest: &Digest) -> Result<Option<Response>, StoreError> {
        match found(PIECES, &routes::piece(digest)).await? {
            Some(response) if found(PIECES, &mark(digest)).await?.is_none() => Ok(Some(response)),
            Some(_) | None => Ok(None),
        }
    }

    async fn put_verified(&self, digest: &Digest, response: &Response, size: u32) -> Result<(), StoreError> {
        let _lock = WebLocks.wait(LockName::Piece(digest)).await?;
        if self.has(digest).await? {
            return Ok(());
        }
        let cache = begin_piece(digest).await?;
        // If the disk is full, Chromium may remove everything that a site has stored. It then never settles
        // the promise of this call.
        answer_to(cache.put_with_str(&routes::piece(digest), response), size).await?;
        finish_piece(digest).await
    }

    async fn recover_locked(&self, digest: &Digest, lock: WebLock) -> Result<bool, StoreError> {
        if self.has(digest).await? {
            return Ok(true);
        }
        if body_of_piece(digest).await?.is_none() {
            // A mark of what was refused.
            delete_one(PIECES, &mark(digest)).await?;
            return Ok(false);
        }
        let reservation = Reservation { digest: *digest, cache: open(PIECES).await?, _lock: lock };
        Ok(self.verify(Staged(reservation)).await.is_ok())
    }

    async fn hash_of_body(&self, digest: &Digest) -> Result<Digest, Refusal> {
        let response = body_of_piece(digest).await?.ok_or(Refusal::Unavailable)?;
        let blob = answer_at_last(response.blob().or(Err(Refusal::Unavailable))?);
        let blob: Blob = blob.await.or(Err(Refusal::Unavailable))?.unchecked_into();
        if blob.size() == 0.0 {
            return Err(Refusal::Empty);
        }
        self.0.hash(&blob).await
    }
}

impl Pieces for CachePieces {
    type Bytes = Uint8Array;
    type Body = Response;
    type Reservation = Reservation;
    type Staged = Staged;
    type File = WholeFile;

    async fn admit(&self, digest: &Digest, bytes: Uint8Array) -> Result<(), AdmitError> {
        let found = sha256(&bytes).await?;
        if found != *digest {
            return Err(AdmitError::Mismatch { expected: *digest, found });
        }
        // The response has a copy, which the browser may move out of this process. Ours must not wait for the disk.
        let response = stored(&bytes, "application/octet-stream")?;
        let size = bytes.length();
        drop(bytes);
        Ok(self.put_verified(digest, &response, size).await?)
    }

    async fn admit_file(&self, file: &WholeFile) -> Result<(), StoreError> {
        let size = file.body.size() as u32;
        let init = about("application/octet-stream", size)?;
        let response = Response::new_with_opt_blob_and_init(Some(&file.body), &init)?;
        self.put_verified(&file.digest, &response, size).await
    }

    async fn get(&self, digest: &Digest) -> Result<Option<Uint8Array>, StoreError> {
        let Some(response) = self.response(digest).await? else {
            return Ok(None);
        };
        Ok(Some(bytes(&response).await?))
    }

    async fn has(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.response(digest).await?.is_some())
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        Ok(whole_and_unfinished().await?.0)
    }

    async fn unfinished(&self) -> Result<DigestSet, StoreError> {
        Ok(whole_and_unfinished().await?.1)
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        // First the body, then its mark: it may not be right. A tab that stores the piece now needs the mark.
        let was_there = delete_one(PIECES, &routes::piece(digest)).await?;
        if let Some(_lock) = WebLocks.if_free(LockName::Piece(digest)).await? {
            delete_one(PIECES, &mark(digest)).await?;
        }
        Ok(was_there)
    }

    async fn reserve(&self, digest: &Digest) -> Result<Option<Reservation>, Refusal> {
        let lock = WebLocks.wait(LockName::Piece(digest)).await?;
        if self.has(digest).await? {
            return Ok(None);
        }
        let cache = begin_piece(digest).await?;
        Ok(Some(Reservation { digest: *digest, cache, _lock: lock }))
    }

    async fn give_back(&self, reservation: Reservation) -> Result<(), StoreError> {
        // The mark that is left is no harm.
        refuse_piece(&reservation.digest).await
    }

    async fn take(&self, reservation: Reservation, response: &Response) -> Result<Staged, Refusal> {
        let Reservation { digest, cache, .. } = &reservation;
        let stored = match response.status() {
            200 => match answer_at_last(cache.put_with_str(&routes::piece(digest), response)).await {
                Ok(_) => Ok(()),
                Err(StoreError { kind: StoreErrorKind::NoRoom, .. }) => Err(Refusal::NoRoom),
                // The browser does not say whether the body or the disk has failed.
                Err(_) => Err(Refusal::Unavailable),
            },
            0 => Err(Refusal::Unavailable),
            status => Err(Refusal::Status(status)),
        };
        match stored {
            Ok(()) => Ok(Staged(reservation)),
            Err(refusal) => {
                // A browser may have kept the beginning. If it cannot be removed it stays marked, and recovery sees to it.
                let _ = refuse_piece(digest).await;
                Err(refusal)
            }
        }
    }

    async fn verify(&self, staged: Staged) -> Result<(), Refusal> {
        let Staged(Reservation { digest, .. }) = &staged;
        let refusal = match self.hash_of_body(digest).await {
            Ok(found) if found == *digest => return Ok(finish_piece(digest).await?),
            Ok(_) => Refusal::Mismatch,
            Err(refusal) => refusal,
        };
        // If this fails, recovery removes it.
        let _ = refuse_piece(digest).await;
        Err(refusal)
    }

    async fn recover(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.recover_locked(digest, WebLocks.wait(LockName::Piece(digest)).await?).await
    }

    async fn recover_all(&self, digests: &DigestSet) -> Result<bool, StoreError> {
        let mut any = false;
        for digest in self.unfinished().await?.iter().filter(|digest| digests.contains(digest)) {
            if let Some(lock) = WebLocks.if_free(LockName::Piece(digest)).await? {
                any |= self.recover_locked(digest, lock).await?;
            }
        }
        Ok(any)
    }

    async fn sha256(&self, text: &[u8]) -> Result<Digest, StoreError> {
        sha256(&text.into()).await
    }

    fn lend(&self, memory: Uint8Array) {
        self.0.offer(memory.buffer());
    }

    fn release_memory(&self) {
        self.0.let_go();
    }

    fn is_unresponsive(&self) -> bool {
        is_unresponsive()
    }
}
