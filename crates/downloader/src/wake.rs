//! A signal: one task waits for it, and another one sets it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Ends the current wait, or the next one if no task is waiting.
#[derive(Debug, Default)]
pub struct Wake {
    woken: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Wake {
    /// Ends the wait.
    pub fn wake(&self) {
        self.woken.set(true);
        let waker = self.waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits for a wake since the last wait.
    pub fn wait(&self) -> impl Future<Output = ()> + Unpin + '_ {
        poll_fn(|context| {
            if self.woken.replace(false) {
                return Poll::Ready(());
            }
            self.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        })
    }
}
