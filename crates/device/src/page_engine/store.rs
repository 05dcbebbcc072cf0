//! Pieces between memory and store: what was saved of them, saving more, and admitting them.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use js_sys::Uint8Array;
use piece_store::{
    AdmitError, Parts as _, PieceBuffer, Pieces as _, Place, StoreErrorKind, WholeFile, gather, is_silent,
    release,
};
use protocol::download::{Cause, Event};
use protocol::transfer::Part;
use protocol::{Digest, FromWorker, Piece, Refusal};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::Response;

use super::{Engine, parting};
use crate::browser::log;
use crate::driver::in_turn;
use crate::news;

impl Engine {
    /// Takes what was saved of a piece.
    pub(super) async fn open(self: Rc<Self>, piece: Piece) {
        let Piece { digest, size } = piece;
        // Another tab, the worker or another model may have it by now.
        if self.is_kept(&digest).await {
            self.admitted(&digest);
            return;
        }
        let size = size as u32;
        let mut saved = Vec::new();
        if self.with_parts.borrow().contains(&digest) {
            let bytes = self.memory(digest, size);
            let take = |offset: u32, part: Uint8Array| {
                let end = offset.saturating_add(part.length());
                if end <= size {
                    bytes.set(&part, offset);
                    saved.push((offset, end));
                }
            };
            if let Err(error) = self.device.store.parts().read(&digest, take).await {
                log("parts could not be read", &error.to_string().into());
            }
        } else if self.transfer.borrow().is_very_fast() {
            let Some(place) = self.place(&digest).await else { return };
            if self.over.get() {
                return;
            }
            self.places.borrow_mut().push((digest, place));
        }
        self.transfer.borrow_mut().opened(&digest, &saved);
        self.show_now();
        self.wake.wake();
    }

    async fn is_kept(&self, digest: &Digest) -> bool {
        let pieces = self.device.store.pieces();
        let kept = if self.given_up.borrow_mut().remove(digest) {
            pieces.recover(digest, self.verifying()).await
        } else if self.transfer.borrow().is_very_fast() {
            // Looked at before it is asked for, and the store has enough to do.
            return false;
        } else {
            pieces.has(digest).await
        };
        matches!(kept, Ok(true))
    }

    /// Memory for a piece, where there is none yet.
    pub(super) fn memory(&self, digest: Digest, size: u32) -> Uint8Array {
        if let Some(bytes) = self.buffer(&digest) {
            return bytes;
        }
        let spare = self.spare.take().filter(|spare| spare.length() == size);
        let bytes = spare.unwrap_or_else(|| Uint8Array::new_with_length(size));
        self.buffers.borrow_mut().push((digest, bytes.clone()));
        bytes
    }

    /// The memory to look at pieces in the store: that of pieces which are done with, if there was one.
    fn verifying(&self) -> &PieceBuffer {
        if let Some(spare) = self.spare.take() {
            self.verifying.offer(spare.buffer());
        }
        &self.verifying
    }

    /// A place in the store for a piece; `None` if there is none, and that is dealt with.
    pub(super) async fn place(&self, digest: &Digest) -> Option<Place> {
        if let Some(place) = taken(&self.places, digest) {
            return Some(place);
        }
        match self.device.store.pieces().place(digest).await {
            Ok(Some(place)) => return Some(place),
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
            TimeoutFuture::new(500).await;
        }
        self.transfer.borrow_mut().fail(digest, cause);
    }

    async fn give_places_back(&self) {
        for (_, place) in self.places.take() {
            if let Err(error) = self.device.store.pieces().give_back(place).await {
                log("a place could not be given back", &error.to_string().into());
            }
        }
    }

    /// Sends a piece straight to the store; says whether it is there, not verified yet.
    pub(super) async fn take(
        &self,
        digest: &Digest,
        place: Place,
        response: &Response,
    ) -> Result<bool, JsValue> {
        match self.device.store.pieces().take(place, response).await {
            Ok(_) if self.over.get() => {}
            Ok(unverified) => {
                self.unverified.borrow_mut().push((*digest, unverified));
                return Ok(true);
            }
            Err(Refusal::NoRoom) => self.fail(digest, Cause::NoRoom).await,
            // The request has failed, or the store will say so once more when the piece comes in the other way.
            Err(refusal) => return Err(refusal.to_string().into()),
        }
        Ok(false)
    }

    pub(super) async fn admit(self: Rc<Self>, piece: Piece) {
        let digest = piece.digest;
        match self.verify_or_store(&digest).await {
            Ok(()) => {
                news::tell(&FromWorker::Admitted { digest });
                self.admitted(&digest);
                return;
            }
            Err(refusal) => {
                log("a piece was refused", &refusal.to_string().into());
                match refusal {
                    Refusal::NoRoom => self.fail(&digest, Cause::NoRoom).await,
                    Refusal::Storage => self.fail(&digest, Cause::Storage).await,
                    Refusal::Unavailable | Refusal::Empty | Refusal::Status(_) | Refusal::Mismatch => {
                        self.driver.dispatch(Event::Refused { digest, refusal });
                        self.transfer.borrow_mut().refused(&digest);
                    }
                }
            }
        }
        self.wake.wake();
    }

    async fn verify_or_store(&self, digest: &Digest) -> Result<(), Refusal> {
        let pieces = self.device.store.pieces();
        if let Some(unverified) = taken(&self.unverified, digest) {
            return pieces.verify(unverified, self.verifying()).await;
        }
        // The line has become slow after it was opened.
        drop(taken(&self.places, digest));
        let Some(mut bytes) = self.buffer(digest) else {
            return Err(Refusal::Unavailable);
        };
        // Which takes as much memory again, twice.
        let _alone = self.verifying.enter().await;
        let admitted = match self.whole_file(digest, &mut bytes).await {
            Some(file) => pieces.admit_file(&file).await.map_err(AdmitError::Store),
            None => pieces.admit(digest, bytes).await,
        };
        admitted.map_err(|error| match error {
            AdmitError::Mismatch { .. } => Refusal::Mismatch,
            AdmitError::Store(error) => match error.kind {
                StoreErrorKind::NoRoom => Refusal::NoRoom,
                StoreErrorKind::Unsupported | StoreErrorKind::Other => Refusal::Storage,
            },
        })
    }

    /// The file of a piece that is complete, if parts of it are in one: from there it gets into the store for half the
    /// processor time.
    async fn whole_file(&self, digest: &Digest, piece: &mut Uint8Array) -> Option<WholeFile> {
        if !self.with_parts.borrow().contains(digest) {
            return None;
        }
        let rest = self.transfer.borrow_mut().rest(digest)?;
        let file = self.device.store.parts().whole(&rest, piece).await;
        // Its memory was elsewhere.
        if let Some(buffer) = self.buffers.borrow_mut().iter_mut().find(|buffer| buffer.0 == *digest) {
            buffer.1 = piece.clone();
        }
        file
    }

    fn admitted(&self, digest: &Digest) {
        self.transfer.borrow_mut().admitted(digest);
        // First without it, then with it among those that are kept: it is never counted twice.
        self.show_now();
        self.driver.dispatch(Event::Admitted(*digest));
        self.wake.wake();
    }

    /// What was saved of a piece is of no use any more.
    pub(super) fn forget(self: &Rc<Self>, digest: &Digest) {
        if !self.transfer.borrow().is_open(digest) {
            let buffers = &mut *self.buffers.borrow_mut();
            if let Some(at) = buffers.iter().position(|buffer| buffer.0 == *digest)
                && let Some(second) = self.spare.replace(Some(buffers.swap_remove(at).1))
            {
                release(&second.buffer());
            }
            drop(taken(&self.places, digest));
        }
        if self.with_parts.borrow_mut().remove(digest) {
            let (engine, digest) = (Rc::clone(self), *digest);
            spawn_local(async move { engine.delete_parts(&digest).await });
        }
    }

    async fn delete_parts(&self, digest: &Digest) {
        if let Err(error) = self.device.store.parts().delete(digest).await {
            // They go with the next sweep.
            log("parts could not be removed", &error.to_string().into());
        }
    }

    /// Saves what has come since the last time, if there is enough of it; or all of it.
    pub(super) fn save(self: &Rc<Self>, all: bool) {
        loop {
            let Some(part) = self.transfer.borrow_mut().save(all) else { return };
            self.saving.set(self.saving.get() + 1);
            spawn_local(Rc::clone(self).put_part(part));
        }
    }

    async fn put_part(self: Rc<Self>, part: Part) {
        if let Some(piece) = self.buffer(&part.digest) {
            // From now on.
            self.with_parts.borrow_mut().insert(part.digest);
            match self.device.store.parts().put(&part, &piece).await {
                Ok(()) => self.transfer.borrow_mut().saved(&part),
                Err(error) => log("a part could not be saved", &error.to_string().into()),
            }
            // Complete and stored meanwhile, or dropped.
            if !self.transfer.borrow().is_open(&part.digest) {
                self.delete_parts(&part.digest).await;
            }
        }
        self.saving.set(self.saving.get() - 1);
        self.wake.wake();
    }

    /// Has the worker save all that has come: it stays when the page goes, and what this page began to store may never be.
    pub(super) fn hand_over(self: &Rc<Self>) {
        loop {
            let Some(part) = self.transfer.borrow_mut().save(true) else { return };
            let Some(piece) = self.buffer(&part.digest) else { continue };
            self.with_parts.borrow_mut().insert(part.digest);
            // The worker gets it for itself.
            let bytes = Uint8Array::new_with_length(part.length());
            gather(&part, &piece, &bytes);
            match parting::hand_over(&self.device.worker, &part, &bytes) {
                Ok(()) => {
                    self.device.store.parts().is_scattered(part.digest);
                    self.transfer.borrow_mut().saved(&part);
                }
                Err(error) => {
                    log("a part could not be handed over", &error);
                    // The page may stay.
                    self.saving.set(self.saving.get() + 1);
                    spawn_local(Rc::clone(self).put_part(part));
                }
            }
        }
    }

    /// At the end of a run: what has come is there for the next one, and nobody waits for this one's places.
    pub(super) async fn put_away(self: &Rc<Self>) {
        // Caches that do not answer would let the person wait for nothing.
        while !is_silent() {
            self.save(true);
            if self.saving.get() == 0 {
                self.give_places_back().await;
                return;
            }
            self.wake.wait().await;
        }
        self.places.take();
    }

    /// The model was removed during the run, and something of it stored after that.
    pub(super) async fn sweep(&self) {
        let swept = in_turn(async { self.device.store.sweep().await.map(drop) }).await;
        if let Err(error) = swept {
            log("what was left over could not be removed", &error.to_string().into());
        }
    }
}

/// Takes what belongs to a piece out of a list.
fn taken<T>(list: &RefCell<Vec<(Digest, T)>>, digest: &Digest) -> Option<T> {
    let list = &mut *list.borrow_mut();
    let at = list.iter().position(|entry| entry.0 == *digest)?;
    Some(list.swap_remove(at).1)
}
