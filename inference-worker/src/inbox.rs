//! The queue of messages.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use inference_protocol::ToInference;

/// In the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    messages: RefCell<VecDeque<ToInference>>,
    waker: RefCell<Option<Waker>>,
}

impl Inbox {
    pub(crate) fn push(&self, message: ToInference) {
        self.messages.borrow_mut().push_back(message);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// The next one, if there is one.
    pub(crate) fn take(&self) -> Option<ToInference> {
        self.messages.borrow_mut().pop_front()
    }

    /// The next one, be it only to come.
    pub(crate) async fn wait(&self) -> ToInference {
        poll_fn(|context| match self.take() {
            Some(message) => Poll::Ready(message),
            None => {
                self.waker.replace(Some(context.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}
