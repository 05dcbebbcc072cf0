//! The memory of open pieces.

use std::cell::RefCell;

use piece_store::{Bytes as _, Parts as _, Pieces as _};
use protocol::Digest;

use super::{Bytes, Engine};
use crate::ports::Page;

impl<G: Page> Engine<G> {
    pub(super) fn buffer(&self, digest: &Digest) -> Option<Bytes<G>> {
        self.buffers.borrow().iter().find(|buffer| buffer.0 == *digest).map(|buffer| buffer.1.clone())
    }

    /// Memory for a piece, where there is none yet.
    pub(super) fn memory(&self, digest: Digest, size: u32) -> Bytes<G> {
        match self.buffer(&digest) {
            Some(bytes) if bytes.length() == size => return bytes,
            // What it was lent to has never given it back.
            Some(_) => self.drop_buffer(&digest),
            None => {}
        }
        let spare = self.spare.take().filter(|spare| spare.length() == size);
        let bytes = spare.unwrap_or_else(|| Bytes::<G>::with_length(size));
        self.buffers.borrow_mut().push((digest, bytes.clone()));
        bytes
    }

    /// The memory of a piece came back from where it was lent to.
    pub(super) fn returned(&self, digest: &Digest, bytes: Bytes<G>) {
        if let Some(buffer) = self.buffers.borrow_mut().iter_mut().find(|buffer| buffer.0 == *digest) {
            buffer.1 = bytes;
        }
    }

    /// The piece is done with.
    pub(super) fn drop_buffer(&self, digest: &Digest) {
        let second = taken(&self.buffers, digest).and_then(|bytes| self.spare.replace(Some(bytes)));
        if let Some(second) = second {
            second.release();
        }
    }

    /// Lends the memory of a piece that is done with to verification, if there is one.
    pub(super) fn lend_spare(&self) {
        if let Some(spare) = self.spare.take() {
            self.device.store.pieces().lend(spare);
        }
    }

    /// At the end of a run.
    pub(super) fn release_memory(&self) {
        self.buffers.take();
        if let Some(spare) = self.spare.take() {
            spare.release();
        }
        self.device.store.parts().release_memory();
        self.device.store.pieces().release_memory();
    }
}

/// Takes what belongs to a piece out of a list.
pub(super) fn taken<T>(list: &RefCell<Vec<(Digest, T)>>, digest: &Digest) -> Option<T> {
    let list = &mut *list.borrow_mut();
    let at = list.iter().position(|entry| entry.0 == *digest)?;
    Some(list.swap_remove(at).1)
}
