//! Pieces in memory.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;

use protocol::{Digest, DigestSet, Refusal};

use super::{Access, MemoryBytes, MemoryLock, MemoryLocks};
use crate::{AdmitError, LockName, Locks as _, Pieces, StoreError, StoreErrorKind};

/// Pieces in memory.
#[derive(Clone, Debug)]
pub struct MemoryPieces {
    access: Access,
    locks: MemoryLocks,
}

/// A place for a piece, with the piece's lock.
#[derive(Debug)]
pub struct MemoryReservation {
    digest: Digest,
    /// How often everything had been removed.
    cleared: u64,
    _lock: MemoryLock,
}

/// A stored body that is not verified yet.
#[derive(Debug)]
pub struct MemoryStaged(MemoryReservation);

/// A complete piece in the file of its parts.
#[derive(Clone, Debug)]
pub struct MemoryFile {
    pub(super) digest: Digest,
    pub(super) bytes: MemoryBytes,
}

/// Where the bytes of a body come from.
pub trait BodySource: fmt::Debug {
    /// The next bytes; `None` at the end, an error if the connection fails.
    fn read(&mut self) -> Pin<Box<dyn Future<Output = Result<Option<MemoryBytes>, Refusal>> + '_>>;
}

/// An answer to a request for a piece.
#[derive(Debug)]
pub struct MemoryBody {
    /// The HTTP status.
    pub status: u16,
    /// Its bytes, until they are read.
    pub source: RefCell<Box<dyn BodySource>>,
}

impl MemoryBody {
    /// An answer with these bytes.
    #[must_use]
    pub fn of(status: u16, bytes: MemoryBytes) -> Self {
        Self { status, source: RefCell::new(Box::new(Once(Some(bytes)))) }
    }
}

#[derive(Debug)]
struct Once(Option<MemoryBytes>);

impl BodySource for Once {
    fn read(&mut self) -> Pin<Box<dyn Future<Output = Result<Option<MemoryBytes>, Refusal>> + '_>> {
        Box::pin(std::future::ready(Ok(self.0.take())))
    }
}

impl MemoryPieces {
    pub(super) fn new(access: Access, locks: MemoryLocks) -> Self {
        Self { access, locks }
    }

    /// Marks the piece; says how often everything had been removed by then.
    async fn begin(&self, digest: &Digest) -> Result<u64, StoreError> {
        let origin = self.access.write(0).await?;
        origin.unfinished.borrow_mut().insert(*digest);
        Ok(origin.cleared.get())
    }

    async fn finish(&self, digest: &Digest) -> Result<(), StoreError> {
        let origin = self.access.write(0).await?;
        origin.is_new(digest);
        if origin.unfinished.borrow_mut().remove(digest) {
            self.access.disk.knows(digest, true);
            return Ok(());
        }
        let message = "the piece was removed while it was stored".to_owned();
        Err(StoreError { kind: StoreErrorKind::Other, message })
    }

    /// Stores bytes, unless everything was removed since.
    async fn insert(&self, digest: &Digest, cleared: u64, bytes: MemoryBytes) -> Result<(), StoreError> {
        let origin = self.access.write(u64::from(bytes.len())).await?;
        if origin.cleared.get() == cleared {
            origin.pieces.borrow_mut().insert(*digest, bytes);
            origin.is_new(digest);
        }
        Ok(())
    }

    async fn unmark(&self, digest: &Digest) -> Result<(), StoreError> {
        self.access.write(0).await?.unfinished.borrow_mut().remove(digest);
        Ok(())
    }

    async fn refuse(&self, digest: &Digest) -> Result<(), StoreError> {
        self.access.write(0).await?.remove(digest);
        Ok(())
    }

    async fn put_verified(&self, digest: &Digest, bytes: MemoryBytes) -> Result<(), StoreError> {
        let _lock = self.locks.wait(LockName::Piece(digest)).await?;
        if self.has(digest).await? {
            return Ok(());
        }
        let cleared = self.begin(digest).await?;
        self.insert(digest, cleared, bytes).await?;
        self.finish(digest).await
    }

    async fn recover_locked(&self, digest: &Digest, lock: MemoryLock) -> Result<bool, StoreError> {
        if self.has(digest).await? {
            return Ok(true);
        }
        if !self.access.read().await?.pieces.borrow().contains_key(digest) {
            self.unmark(digest).await?;
            return Ok(false);
        }
        let cleared = self.access.read().await?.cleared.get();
        let reservation = MemoryReservation { digest: *digest, cleared, _lock: lock };
        Ok(self.verify(MemoryStaged(reservation)).await.is_ok())
    }

    /// Stores a body as it comes, in the worst way a browser does: what had come stays there if the rest fails.
    async fn put(&self, reservation: &MemoryReservation, body: &MemoryBody) -> Result<(), Refusal> {
        let MemoryReservation { digest, cleared, .. } = reservation;
        let mut source = body.source.replace(Box::new(Once(None)));
        let stored = MemoryBytes::default();
        while let Some(bytes) = source.read().await? {
            stored.append(&bytes);
            self.insert(digest, *cleared, stored.copied()).await?;
        }
        Ok(self.insert(digest, *cleared, stored).await?)
    }
}

impl Pieces for MemoryPieces {
    type Bytes = MemoryBytes;
    type Body = MemoryBody;
    type Reservation = MemoryReservation;
    type Staged = MemoryStaged;
    type File = MemoryFile;

    async fn admit(&self, digest: &Digest, bytes: MemoryBytes) -> Result<(), AdmitError> {
        let bytes = bytes.copied();
        let found = bytes.digest();
        if found != *digest {
            return Err(AdmitError::Mismatch { expected: *digest, found });
        }
        Ok(self.put_verified(digest, bytes).await?)
    }

    async fn admit_file(&self, file: &MemoryFile) -> Result<(), StoreError> {
        self.put_verified(&file.digest, file.bytes.copied()).await
    }

    async fn get(&self, digest: &Digest) -> Result<Option<MemoryBytes>, StoreError> {
        let origin = self.access.read().await?;
        Ok(origin.pieces.borrow().get(digest).filter(|_| origin.is_readable(digest)).cloned())
    }

    async fn has(&self, digest: &Digest) -> Result<bool, StoreError> {
        let is_kept = self.access.read().await.map(|origin| origin.is_readable(digest));
        // Where the store does not say, it is not there.
        self.access.disk.knows(digest, is_kept.as_ref().is_ok_and(|is_kept| *is_kept));
        is_kept
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        Ok(self.access.read().await?.readable())
    }

    async fn unfinished(&self) -> Result<DigestSet, StoreError> {
        Ok(self.access.read().await?.unfinished.borrow().clone())
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        let was_there = self.access.write(0).await?.remove(digest);
        // A tab that stores the piece now needs the mark.
        if let Some(_lock) = self.locks.if_free(LockName::Piece(digest)).await? {
            self.unmark(digest).await?;
        }
        Ok(was_there)
    }

    async fn reserve(&self, digest: &Digest) -> Result<Option<MemoryReservation>, Refusal> {
        let lock = self.locks.wait(LockName::Piece(digest)).await?;
        if self.has(digest).await? {
            return Ok(None);
        }
        let cleared = self.begin(digest).await?;
        Ok(Some(MemoryReservation { digest: *digest, cleared, _lock: lock }))
    }

    async fn give_back(&self, reservation: MemoryReservation) -> Result<(), StoreError> {
        self.refuse(&reservation.digest).await
    }

    async fn take(&self, reservation: MemoryReservation, body: &MemoryBody) -> Result<MemoryStaged, Refusal> {
        let stored = match body.status {
            200 => self.put(&reservation, body).await,
            0 => Err(Refusal::Unavailable),
            status => Err(Refusal::Status(status)),
        };
        match stored {
            Ok(()) => Ok(MemoryStaged(reservation)),
            Err(refusal) => {
                let _ = self.refuse(&reservation.digest).await;
                Err(if refusal == Refusal::Storage { Refusal::Unavailable } else { refusal })
            }
        }
    }

    async fn verify(&self, staged: MemoryStaged) -> Result<(), Refusal> {
        let MemoryStaged(MemoryReservation { digest, .. }) = &staged;
        let stored = self.access.read().await?.pieces.borrow().get(digest).map(MemoryBytes::copied);
        let refusal = match stored {
            None => Refusal::Unavailable,
            Some(bytes) if bytes.is_empty() => Refusal::Empty,
            Some(bytes) if bytes.digest() == *digest => return Ok(self.finish(digest).await?),
            Some(_) => Refusal::Mismatch,
        };
        let _ = self.refuse(digest).await;
        Err(refusal)
    }

    async fn recover(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.recover_locked(digest, self.locks.wait(LockName::Piece(digest)).await?).await
    }

    async fn recover_all(&self, digests: &DigestSet) -> Result<bool, StoreError> {
        let mut any = false;
        for digest in self.unfinished().await?.iter().filter(|digest| digests.contains(digest)) {
            if let Some(lock) = self.locks.if_free(LockName::Piece(digest)).await? {
                any |= self.recover_locked(digest, lock).await?;
            }
        }
        Ok(any)
    }

    async fn sha256(&self, text: &[u8]) -> Result<Digest, StoreError> {
        Ok(MemoryBytes::from(text).digest())
    }

    fn is_unresponsive(&self) -> bool {
        self.access.disk.is_unresponsive()
    }
}
