//! A mutex within one page or worker, for work that needs much memory.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// One holder at a time.
#[derive(Debug, Default)]
pub struct AsyncMutex {
    busy: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

/// The mutex is locked until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Guard<'a>(&'a AsyncMutex);

impl AsyncMutex {
    /// Whether it is locked.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.busy.get()
    }

    /// Waits until it is free, and locks it.
    pub async fn lock(&self) -> Guard<'_> {
        poll_fn(|context| {
            if !self.busy.replace(true) {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
        Guard(self)
    }
}

/// Also when the work is dropped in the middle.
impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.busy.set(false);
        self.0.waiting.take().into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Context;

    use super::*;

    #[test]
    fn the_second_waits_for_the_first() {
        let mutex = AsyncMutex::default();
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(first) = pin!(mutex.lock()).poll(&mut context) else { panic!("nobody had it") };
        assert!(mutex.is_locked());
        let mut second = pin!(mutex.lock());
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert!(second.poll(&mut context).is_ready());
    }
}
