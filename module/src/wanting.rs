//! How many calls want a download: the last one that does not want it any more ends it.

use std::cell::RefCell;

use device::Seat;

thread_local! {
    /// One entry for every call.
    static WANTED: RefCell<Vec<Seat>> = const { RefCell::new(Vec::new()) };
}

/// A call that wants a download, while it lives.
pub(crate) struct Wanting(Seat);

impl Wanting {
    pub(crate) fn of(seat: Seat) -> Self {
        WANTED.with_borrow_mut(|wanted| wanted.push(seat));
        Self(seat)
    }

    /// Whether no other call wants it.
    pub(crate) fn is_alone(&self) -> bool {
        WANTED.with_borrow(|wanted| wanted.iter().filter(|seat| **seat == self.0).count() == 1)
    }
}

impl Drop for Wanting {
    fn drop(&mut self) {
        WANTED.with_borrow_mut(|wanted| {
            if let Some(at) = wanted.iter().position(|seat| *seat == self.0) {
                wanted.swap_remove(at);
            }
        });
    }
}

/// The downloads that calls want now.
pub(crate) fn wanted() -> Vec<Seat> {
    WANTED.with_borrow(Clone::clone)
}
