//! Reads the saved parts of a piece, reserves the piece in the store, and admits it.

use std::rc::Rc;

use piece_store::{Bytes as _, Parts as _, Pieces as _};
use protocol::download::{Cause, Event};
use protocol::{BroadcastMessage, Digest, Piece, Refusal};

use super::memory::taken;
use super::{Bytes, Engine, Reservation};
use crate::concurrency::with_store_lock;
use crate::ports::{HttpError, Page, Ports, Runtime as _};

/// How often a page that goes looks whether it is shown again, in milliseconds.
const AWAY: u64 = 500;

impl<G: Page> Engine<G> {
    /// Takes what was saved of a piece.
    pub(super) async fn open(self: Rc<Self>, piece: Piece) {
        let Piece { digest, size } = piece;
        // Another tab, the worker or another model may have stored it meanwhile.
        if self.is_kept(&digest).await {
            self.admitted(&digest);
            return;
        }
        let size = size as u32;
        let mut saved = Vec::new();
        if self.with_parts.borrow().contains(&digest) {
            let bytes = self.memory(digest, size);
            let take = |offset: u32, part: Bytes<G>| {
                let end = offset.saturating_add(part.length());
                if end <= size {
                    bytes.copy_from(&part, offset);
                    saved.push((offset, end));
                }
            };
            if let Err(error) = self.device.store.parts().read(&digest, take).await {
                self.device.runtime.log("parts could not be read", &error);
            }
        } else if self.transfer.borrow().is_very_fast() {
            let Some(reservation) = self.reserve(&digest).await else { return };
            if self.over.get() {
                return;
            }
            self.reservations.borrow_mut().push((digest, reservation));
        }
        self.transfer.borrow_mut().opened(&digest, &saved);
        self.report_progress_now();
        self.wake.wake();
    }

    async fn is_kept(&self, digest: &Digest) -> bool {
        let pieces = self.device.store.pieces();
        let abandoned = self.abandoned.borrow_mut().remove(digest);
        let kept = if abandoned {
            self.lend_spare();
            pieces.recover(digest).await
        } else if self.transfer.borrow().is_very_fast() && !self.with_parts.borrow().contains(digest) {
            // Looked at when its place is reserved, and the store has enough to do.
            return false;
        } else {
            pieces.has(digest).await
        };
        matches!(kept, Ok(true))
    }

    /// A place in the store for a piece; `None` if there is none, and that is dealt with.
    pub(super) async fn reserve(&self, digest: &Digest) -> Option<Reservation<G>> {
        if let Some(reservation) = taken(&self.reservations, digest) {
            return Some(reservation);
        }
        match self.device.store.pieces().reserve(digest).await {
            Ok(Some(reservation)) => return Some(reservation),
            Ok(None) => self.admitted(digest),
            Err(Refusal::NoRoom) => self.fail(digest, Cause::NoRoom).await,
            Err(_) => self.fail(digest, Cause::Storage).await,
        }
        self.wake.wake();
        None
    }

    /// A piece cannot be stored. A page that goes is refused whatever it asks of the store, which says nothing of the store;
    /// it may be shown again.
    async fn fail(&self, digest: &Digest, cause: Cause) {
        while self.away.get() && !self.stopped.get() {
            self.device.runtime.sleep(AWAY).await;
        }
        self.transfer.borrow_mut().fail(digest, cause);
    }

    pub(super) async fn give_reservations_back(&self) {
        for (_, reservation) in self.reservations.take() {
            if let Err(error) = self.device.store.pieces().give_back(reservation).await {
                self.device.runtime.log("a reservation could not be given back", &error);
            }
        }
    }

    /// Sends a piece straight to the store; says whether it is there, not verified yet.
    pub(super) async fn stage(
        &self,
        digest: &Digest,
        reservation: Reservation<G>,
        body: &<G::Ports as Ports>::Body,
    ) -> Result<bool, HttpError> {
        match self.device.store.pieces().take(reservation, body).await {
            Ok(_) if self.over.get() => {}
            Ok(staged) => {
                self.staged.borrow_mut().push((*digest, staged));
                return Ok(true);
            }
            Err(Refusal::NoRoom) => self.fail(digest, Cause::NoRoom).await,
            // The request has failed, or the store will say so once more when the piece comes in the other way.
            Err(refusal) => return Err(HttpError(refusal.to_string())),
        }
        Ok(false)
    }

    pub(super) async fn admit(self: Rc<Self>, piece: Piece) {
        let digest = piece.digest;
        match self.verify_or_store(&digest).await {
            Ok(()) => {
                self.context.tell(BroadcastMessage::Admitted { digest });
                self.admitted(&digest);
                return;
            }
            Err(refusal) => {
                self.device.runtime.log("a piece was refused", &refusal);
                match refusal {
                    Refusal::NoRoom => self.fail(&digest, Cause::NoRoom).await,
                    Refusal::Storage => self.fail(&digest, Cause::Storage).await,
                    Refusal::Unavailable | Refusal::Empty | Refusal::Status(_) | Refusal::Mismatch => {
                        self.context.dispatch(Event::Refused { digest, refusal });
                        self.transfer.borrow_mut().refused(&digest);
                    }
                }
            }
        }
        self.wake.wake();
    }

    async fn verify_or_store(&self, digest: &Digest) -> Result<(), Refusal> {
        let pieces = self.device.store.pieces();
        if let Some(staged) = taken(&self.staged, digest) {
            self.lend_spare();
            return pieces.verify(staged).await;
        }
        // The line has become slow after it was opened.
        drop(taken(&self.reservations, digest));
        let Some(bytes) = self.buffer(digest) else {
            return Err(Refusal::Unavailable);
        };
        let _guard = self.storing.lock().await;
        let (file, bytes) = self.whole_file(digest, bytes).await;
        match file {
            Some(file) => Ok(pieces.admit_file(&file).await?),
            // Lent to look at the file, and not given back.
            None if bytes.length() == 0 => Err(Refusal::Unavailable),
            None => Ok(pieces.admit(digest, bytes).await?),
        }
    }

    /// The file of a complete piece, if its parts are in one. Storing a piece from its file takes half the
    /// processor time.
    async fn whole_file(
        &self,
        digest: &Digest,
        mut bytes: Bytes<G>,
    ) -> (Option<<G::Ports as Ports>::File>, Bytes<G>) {
        if !self.with_parts.borrow().contains(digest) {
            return (None, bytes);
        }
        let rest = self.transfer.borrow_mut().rest(digest);
        let Some(rest) = rest else { return (None, bytes) };
        let file = self.device.store.parts().whole(&rest, &mut bytes).await;
        self.returned(digest, bytes.clone());
        (file, bytes)
    }

    pub(super) fn admitted(&self, digest: &Digest) {
        self.transfer.borrow_mut().admitted(digest);
        // First without it, then with it among those that are kept: it is never counted twice.
        self.report_progress_now();
        self.context.dispatch(Event::Admitted(*digest));
        self.wake.wake();
    }

    /// The model was removed during the run, and something of it stored after that.
    pub(super) async fn sweep(&self) {
        let store = &self.device.store;
        if let Err(error) = with_store_lock(&self.device, async { store.sweep().await.map(drop) }).await {
            self.device.runtime.log("what was left over could not be removed", &error);
        }
    }
}
