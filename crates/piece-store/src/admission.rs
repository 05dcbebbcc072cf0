//! Takes pieces out of responses, whatever their size, with one buffer.
//!
//! A body goes to the disk as it comes, which no program does faster than the browser itself, and nothing of it is in
//! the memory of a page or worker. Then it is read from there to be hashed, always into the same memory; until it is
//! known to be right, nobody takes it for a piece.

use std::cell::RefCell;

use futures_util::future::join;
use js_sys::{ArrayBuffer, Uint8Array};
use protocol::{Digest, DigestSet, Refusal};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Blob, Response};

use crate::cache::{self, sha256};
use crate::connection::answer_at_last;
use crate::one_at_a_time::{Alone, OneAtATime};
use crate::{ByteReader, CachePieces, Pieces as _, StoreError, StoreErrorKind, Turn, TurnOf};

/// A place in the store for the body of one piece. Others who want to store that piece wait until this is gone.
#[derive(Debug)]
pub struct Place {
    digest: Digest,
    _turn: Turn,
}

/// A place with a body in it that is not known to be right, and counts as absent.
#[derive(Debug)]
pub struct Unverified(Place);

impl CachePieces {
    /// Takes a piece out of the answer to a request for it. Neither the status nor the headers are believed: a
    /// "success" of the browser's may carry no bytes at all.
    ///
    /// # Errors
    /// Why the piece was not admitted.
    pub async fn admit_response(
        &self,
        digest: &Digest,
        response: &Response,
        buffer: &PieceBuffer,
    ) -> Result<(), Refusal> {
        let Some(place) = self.place(digest).await? else {
            return Ok(());
        };
        let unverified = self.take(place, response).await?;
        self.verify(unverified, buffer).await
    }

    /// Makes a place for a piece; `None` if it is kept already. To be called before the body is asked for: what comes
    /// while nobody takes it is held in memory.
    ///
    /// # Errors
    /// Why there is no place.
    pub async fn place(&self, digest: &Digest) -> Result<Option<Place>, Refusal> {
        let turn = Turn::wait(TurnOf::Piece(digest), None).await.map_err(|error| refusal(&error))?;
        if self.has(digest).await.map_err(|error| refusal(&error))? {
            return Ok(None);
        }
        cache::begin_piece(digest).await.map_err(|error| refusal(&error))?;
        Ok(Some(Place { digest: *digest, _turn: turn }))
    }

    /// Gives a place back that nothing was stored in. The mark that is left is no harm.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn give_back(&self, place: Place) -> Result<(), StoreError> {
        cache::refuse_piece(&place.digest).await
    }

    /// Stores the body of an answer.
    ///
    /// # Errors
    /// Why nothing was stored. The browser does not say whether the body failed or its storing, unless there was no
    /// room.
    pub async fn take(&self, place: Place, response: &Response) -> Result<Unverified, Refusal> {
        let stored = match response.status() {
            200 => cache::put_body(&place.digest, response).await.map_err(|error| match error.kind {
                StoreErrorKind::NoRoom => Refusal::NoRoom,
                StoreErrorKind::Unsupported | StoreErrorKind::Other => Refusal::Unavailable,
            }),
            0 => Err(Refusal::Unavailable),
            status => Err(Refusal::Status(status)),
        };
        match stored {
            Ok(()) => Ok(Unverified(place)),
            Err(refusal) => {
                // A browser may have kept the beginning. Else it stays marked, and is looked at again.
                let _ = cache::refuse_piece(&place.digest).await;
                Err(refusal)
            }
        }
    }

    /// Admits what was stored, or removes it.
    ///
    /// # Errors
    /// Why it was not admitted.
    pub async fn verify(&self, unverified: Unverified, buffer: &PieceBuffer) -> Result<(), Refusal> {
        let Unverified(Place { digest, .. }) = &unverified;
        let verified = match hash_of_body(digest, buffer).await {
            Ok(found) if found == *digest => {
                return cache::finish_piece(digest).await.map_err(|error| refusal(&error));
            }
            Ok(_) => Refusal::Mismatch,
            Err(refusal) => refusal,
        };
        // Else it is looked at again when somebody wants the piece.
        let _ = cache::refuse_piece(digest).await;
        Err(verified)
    }

    /// Looks at a piece whose storing was given up, perhaps with its tab: says whether it is kept after that.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn recover(&self, digest: &Digest, buffer: &PieceBuffer) -> Result<bool, StoreError> {
        self.look_again(digest, Turn::wait(TurnOf::Piece(digest), None).await?, buffer).await
    }

    /// Looks at those of these pieces whose storing was given up, but not at those that somebody is storing now; says
    /// whether any of them is kept after that.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn recover_all(&self, digests: &DigestSet) -> Result<bool, StoreError> {
        let buffer = PieceBuffer::default();
        let mut any = false;
        for digest in self.unfinished().await?.iter().filter(|digest| digests.contains(digest)) {
            if let Some(turn) = Turn::if_free(TurnOf::Piece(digest)).await? {
                any |= self.look_again(digest, turn, &buffer).await?;
            }
        }
        Ok(any)
    }

    async fn look_again(
        &self,
        digest: &Digest,
        turn: Turn,
        buffer: &PieceBuffer,
    ) -> Result<bool, StoreError> {
        if self.has(digest).await? {
            return Ok(true);
        }
        if cache::body_of_piece(digest).await?.is_none() {
            // A mark of what was refused.
            cache::finish_piece(digest).await?;
            return Ok(false);
        }
        Ok(self.verify(Unverified(Place { digest: *digest, _turn: turn }), buffer).await.is_ok())
    }
}

async fn hash_of_body(digest: &Digest, buffer: &PieceBuffer) -> Result<Digest, Refusal> {
    let response =
        cache::body_of_piece(digest).await.map_err(|error| refusal(&error))?.ok_or(Refusal::Unavailable)?;
    let blob = answer_at_last(response.blob().map_err(unavailable)?);
    let blob: Blob = blob.await.or(Err(Refusal::Unavailable))?.unchecked_into();
    if blob.size() == 0.0 {
        return Err(Refusal::Empty);
    }
    buffer.hash(&blob).await
}

impl Drop for PieceBuffer {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Gives memory back to the browser at once: the garbage collector does not hurry for the sake of a few objects, however large
/// they are. Engines that cannot do it leave it to that.
pub fn release(memory: &ArrayBuffer) {
    let _ = memory.transfer_with_length(0);
}

fn unavailable(_error: JsValue) -> Refusal {
    Refusal::Unavailable
}

fn refusal(error: &StoreError) -> Refusal {
    match error.kind {
        StoreErrorKind::NoRoom => Refusal::NoRoom,
        StoreErrorKind::Unsupported | StoreErrorKind::Other => Refusal::Storage,
    }
}

/// Memory that is used for one piece after the other.
#[derive(Debug, Default)]
pub struct PieceBuffer {
    memory: RefCell<Option<ArrayBuffer>>,
    reader: OneAtATime,
}

impl PieceBuffer {
    /// Takes memory that is not needed for something else any more.
    pub fn offer(&self, memory: ArrayBuffer) {
        if self.memory.borrow().is_some() || self.reader.is_busy() {
            release(&memory);
        } else {
            self.memory.replace(Some(memory));
        }
    }

    /// For other work that takes as much memory: nothing is hashed meanwhile.
    pub async fn enter(&self) -> Alone<'_> {
        self.reader.enter().await
    }

    /// Gives the memory back, if it is not in use.
    pub fn let_go(&self) {
        if let Some(memory) = self.memory.take() {
            release(&memory);
        }
    }

    /// The SHA-256 of a blob. One after the other: browsers hash a copy of what they are given, which is as large.
    async fn hash(&self, blob: &Blob) -> Result<Digest, Refusal> {
        let _alone = self.reader.enter().await;
        let bytes = self.read(blob).await.map_err(unavailable)?;
        sha256(&bytes).await.map_err(|error| refusal(&error))
    }

    /// The bytes of a blob; good until the next call.
    async fn read(&self, blob: &Blob) -> Result<Uint8Array, JsValue> {
        // A piece has at most 256 MiB. What is longer cannot be one, and is not read to its end.
        let size = (blob.size() as u64).min(u64::from(u32::MAX)) as u32;
        if self.memory.borrow().as_ref().is_some_and(|memory| memory.byte_length() < size) {
            self.let_go();
        }
        let memory = self.memory.take().unwrap_or_else(|| ArrayBuffer::new(size));
        let mut reader = ByteReader::new(&blob.stream(), memory)?;
        let mut at = 0;
        while at < size
            && let Some(chunk) = reader.read(at).await?
        {
            at = at.saturating_add(chunk.length());
        }
        let Some(memory) = reader.into_memory() else {
            return Ok(Uint8Array::new_with_length(0));
        };
        let bytes = Uint8Array::new_with_byte_offset_and_length(&memory, 0, at.min(size));
        self.memory.replace(Some(memory));
        Ok(bytes)
    }
}

/// Does something with each of these, two at a time: while one body is hashed, the next one is stored.
pub async fn two_at_a_time<T>(items: Vec<T>, each: impl AsyncFn(T)) {
    let items = RefCell::new(items.into_iter());
    let lane = async || {
        loop {
            // Not in the loop's head: the iterator must be free again before anything is waited for.
            let next = items.borrow_mut().next();
            let Some(item) = next else { return };
            each(item).await;
        }
    };
    join(lane(), lane()).await;
}
