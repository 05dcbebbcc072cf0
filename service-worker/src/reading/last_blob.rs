//! Caches the blob of the piece that was last read in part, in browsers that must read the whole piece for
//! that.

use std::cell::RefCell;

use js_sys::Promise;
use protocol::Digest;

thread_local! {
    /// A promise of it. Only one at a time: it may be in memory.
    static LAST: RefCell<Option<(Digest, Promise)>> = const { RefCell::new(None) };
}

/// A promise of the blob of this piece, if it was the last one.
pub(super) fn of(digest: &Digest) -> Option<Promise> {
    LAST.with_borrow(|last| last.as_ref().filter(|(of, _)| of == digest).map(|(_, blob)| blob.clone()))
}

/// Keeps this one instead of the one before.
pub(super) fn keep(digest: Digest, blob: Promise) {
    LAST.replace(Some((digest, blob)));
}

/// Lets go of it.
pub(super) fn forget() {
    LAST.take();
}
