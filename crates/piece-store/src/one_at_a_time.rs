//! Keeps work that takes much memory apart, within one page or worker.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Lets one in at a time.
#[derive(Debug, Default)]
pub struct OneAtATime {
    busy: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

/// Nobody else is in until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Alone<'a>(&'a OneAtATime);

impl OneAtATime {
    /// Whether somebody is in.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.busy.get()
    }

    /// Waits until nobody is in.
    pub async fn enter(&self) -> Alone<'_> {
        poll_fn(|context| {
            if !self.busy.replace(true) {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
        Alone(self)
    }
}

/// Also when what was done alone is dropped in the middle.
impl Drop for Alone<'_> {
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
    fn who_comes_second_waits_for_the_first() {
        let door = OneAtATime::default();
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(first) = pin!(door.enter()).poll(&mut context) else { panic!("nobody was in") };
        assert!(door.is_busy());
        let mut second = pin!(door.enter());
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert!(second.poll(&mut context).is_ready());
    }
}
