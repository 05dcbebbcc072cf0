//! Waiting for a download to change.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use device::Seat;

/// The changes of a download since it was last asked.
pub(crate) struct Changes(Rc<Change>);

#[derive(Default)]
struct Change {
    happened: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Changes {
    pub(crate) fn of(seat: Seat) -> Self {
        let change = Rc::new(Change::default());
        let told = Rc::downgrade(&change);
        seat.on_change(move || {
            let Some(change) = told.upgrade() else { return false };
            change.happened.set(true);
            if let Some(waker) = change.waker.take() {
                waker.wake();
            }
            true
        });
        Self(change)
    }

    /// Waits for the next one, or for none if there was one already.
    pub(crate) fn next(&self) -> impl Future<Output = ()> + Unpin + '_ {
        poll_fn(|context| {
            if self.0.happened.replace(false) {
                return Poll::Ready(());
            }
            self.0.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        })
    }
}
