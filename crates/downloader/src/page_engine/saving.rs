//! Saves parts of unfinished pieces, and removes parts that are no longer needed.

use std::rc::Rc;

use piece_store::{Parts as _, Pieces as _};
use protocol::Digest;
use protocol::transfer::{Part, Saving};

use super::Engine;
use super::memory::taken;
use crate::ports::{Handover as _, Page, Runtime as _};

impl<G: Page> Engine<G> {
    /// Deletes the saved parts of a piece.
    pub(super) fn forget(self: &Rc<Self>, digest: &Digest) {
        if !self.transfer.borrow().is_open(digest) {
            self.drop_buffer(digest);
            drop(taken(&self.reservations, digest));
        }
        if self.with_parts.borrow_mut().remove(digest) {
            let (engine, digest) = (Rc::clone(self), *digest);
            self.device.runtime.spawn(async move { engine.delete_parts(&digest).await });
        }
    }

    async fn delete_parts(&self, digest: &Digest) {
        if let Err(error) = self.device.store.parts().delete(digest).await {
            // They go with the next sweep.
            self.device.runtime.log("parts could not be removed", &error);
        }
    }

    /// Saves the bytes that have arrived since the last save.
    pub(super) fn save(self: &Rc<Self>, saving: Saving) {
        while let Some(part) = self.next_part(saving) {
            self.save_part(part);
        }
    }

    fn next_part(&self, saving: Saving) -> Option<Part> {
        self.transfer.borrow_mut().save(saving)
    }

    fn save_part(self: &Rc<Self>, part: Part) {
        self.saving.set(self.saving.get() + 1);
        self.device.runtime.spawn(Rc::clone(self).put_part(part));
    }

    /// Saves what has arrived of a piece, when no more can arrive now.
    pub(super) async fn save_rest(self: Rc<Self>, digest: Digest) {
        let rest = self.transfer.borrow_mut().rest(&digest);
        if let Some(rest) = rest.filter(|rest| !rest.ranges.is_empty()) {
            self.saving.set(self.saving.get() + 1);
            Rc::clone(&self).put_part(rest).await;
        }
        self.transfer.borrow_mut().put_away(&digest);
        self.drop_buffer(&digest);
        self.wake.wake();
    }

    async fn put_part(self: Rc<Self>, part: Part) {
        if let Some(piece) = self.buffer(&part.digest) {
            // From now on.
            self.with_parts.borrow_mut().insert(part.digest);
            match self.device.store.parts().put(&part, &piece).await {
                Ok(()) => self.transfer.borrow_mut().saved(&part),
                Err(error) => self.device.runtime.log("a part could not be saved", &error),
            }
            // Complete and stored meanwhile, or dropped.
            let is_open = self.transfer.borrow().is_open(&part.digest);
            if !is_open {
                self.delete_parts(&part.digest).await;
            }
        }
        self.saving.set(self.saving.get() - 1);
        self.wake.wake();
    }

    /// Hands all unsaved bytes to the worker. It stays when the page closes, and this page's own saves may not complete.
    pub(super) fn hand_over(self: &Rc<Self>) {
        while let Some(part) = self.next_part(Saving::All) {
            let Some(piece) = self.buffer(&part.digest) else { continue };
            self.with_parts.borrow_mut().insert(part.digest);
            match self.device.handover.hand_over(&part, &piece) {
                Ok(()) => {
                    self.device.store.parts().is_scattered(&part.digest);
                    self.transfer.borrow_mut().saved(&part);
                }
                Err(error) => {
                    self.device.runtime.log("a part could not be handed over", &error);
                    // The page may stay.
                    self.save_part(part);
                }
            }
        }
    }

    /// At the end of a run: saves all bytes for the next run, and frees the reservations.
    pub(super) async fn put_away(self: &Rc<Self>) {
        // Caches that do not answer would let the user wait for nothing.
        while !self.device.store.pieces().is_unresponsive() {
            self.save(Saving::All);
            if self.saving.get() == 0 {
                self.give_reservations_back().await;
                return;
            }
            self.wake.wait().await;
        }
        self.reservations.take();
    }
}
