//! What the engine's loop waits on.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Ends a wait, or the next one if nobody waits.
#[derive(Default)]
pub(super) struct Wake {
    woken: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Wake {
    pub(super) fn wake(&self) {
        self.woken.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn wait(&self) -> impl Future<Output = ()> + Unpin + '_ {
        poll_fn(|context| {
            if self.woken.replace(false) {
                return Poll::Ready(());
            }
            self.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        })
    }
}
