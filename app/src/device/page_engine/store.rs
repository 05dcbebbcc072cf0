//! Pieces between memory and store: what was saved of them, saving more, and admitting them.

use std::rc::Rc;

use js_sys::Uint8Array;
use piece_store::{AdmitError, Parts as _, Pieces as _, StoreErrorKind};
use protocol::download::{Cause, Event};
use protocol::transfer::Save;
use protocol::{Digest, FromWorker, Piece, Refusal};
use wasm_bindgen_futures::spawn_local;

use super::super::browser::log;
use super::super::news;
use super::Engine;

impl Engine {
    /// Makes room for a piece, and takes what was saved of it.
    pub(super) async fn open(self: Rc<Self>, piece: Piece) {
        let Piece { digest, size } = piece;
        // Another tab, the worker or another model may have it by now.
        if matches!(self.device.store.pieces().has(&digest).await, Ok(true)) {
            self.admitted(&digest);
            return;
        }
        let size = size as u32;
        let spare = self.spare.take().filter(|spare| spare.length() == size);
        let bytes = spare.unwrap_or_else(|| Uint8Array::new_with_length(size));
        let mut saved = Vec::new();
        if self.with_parts.borrow().contains(&digest) {
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
        }
        self.buffers.borrow_mut().push((digest, bytes));
        self.transfer.borrow_mut().opened(&digest, &saved);
        self.show_now();
        self.wake.wake();
    }

    pub(super) async fn admit(self: Rc<Self>, piece: Piece) {
        let digest = piece.digest;
        let Some(bytes) = self.buffer(&digest) else { return };
        match self.device.store.pieces().admit(&digest, bytes).await {
            Ok(()) => {
                news::tell(&FromWorker::Admitted { digest });
                self.admitted(&digest);
                return;
            }
            Err(error) => {
                log("a piece was refused", &error.to_string().into());
                match error {
                    AdmitError::Mismatch { .. } => {
                        self.driver.dispatch(Event::Refused { digest, refusal: Refusal::Mismatch });
                        self.transfer.borrow_mut().refused(&digest);
                    }
                    AdmitError::Store(error) => {
                        let cause = match error.kind {
                            StoreErrorKind::NoRoom => Cause::NoRoom,
                            StoreErrorKind::Unsupported | StoreErrorKind::Other => Cause::Storage,
                        };
                        self.transfer.borrow_mut().fail(&digest, cause);
                    }
                }
            }
        }
        self.wake.wake();
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
            if let Some(at) = buffers.iter().position(|buffer| buffer.0 == *digest) {
                self.spare.replace(Some(buffers.swap_remove(at).1));
            }
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
            let Some(save) = self.transfer.borrow_mut().save(all) else { return };
            self.saving.set(self.saving.get() + 1);
            spawn_local(Rc::clone(self).put_part(save));
        }
    }

    async fn put_part(self: Rc<Self>, save: Save) {
        let Save { digest, first, end } = save;
        if let Some(bytes) = self.buffer(&digest) {
            self.with_parts.borrow_mut().insert(digest);
            // The bytes are copied before anything is waited for.
            match self.device.store.parts().put(&digest, first, &bytes.subarray(first, end)).await {
                Ok(()) => self.transfer.borrow_mut().saved(&save),
                Err(error) => log("a part could not be saved", &error.to_string().into()),
            }
            // Complete and stored meanwhile, or dropped.
            if !self.transfer.borrow().is_open(&digest) {
                self.delete_parts(&digest).await;
            }
        }
        self.saving.set(self.saving.get() - 1);
        self.wake.wake();
    }

    /// At the end of a run: what has come is there for the next one.
    pub(super) async fn save_all(self: &Rc<Self>) {
        loop {
            self.save(true);
            if self.saving.get() == 0 {
                return;
            }
            self.wake.wait().await;
        }
    }
}
