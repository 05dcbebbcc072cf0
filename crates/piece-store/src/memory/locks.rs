//! Locks in memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::locks::PAGE_ENGINE;
use crate::{LockName, Locks, StoreError};

/// The locks of an origin. A clone has the same.
#[derive(Clone, Debug, Default)]
pub struct MemoryLocks(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    /// The tickets of those who have or want each lock; the first one has it.
    queues: BTreeMap<String, VecDeque<u64>>,
    wakers: BTreeMap<u64, Waker>,
    next: u64,
}

/// A lock in memory, or the wait for one, until it is dropped.
#[derive(Debug)]
pub struct MemoryLock {
    locks: MemoryLocks,
    name: String,
    ticket: u64,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        let state = &mut *self.locks.0.borrow_mut();
        state.wakers.remove(&self.ticket);
        if let Some(queue) = state.queues.get_mut(&self.name) {
            queue.retain(|ticket| *ticket != self.ticket);
            match queue.front() {
                Some(next) => {
                    if let Some(waker) = state.wakers.remove(next) {
                        waker.wake();
                    }
                }
                None => drop(state.queues.remove(&self.name)),
            }
        }
    }
}

impl MemoryLocks {
    fn queue_up(&self, name: LockName<'_>) -> MemoryLock {
        let state = &mut *self.0.borrow_mut();
        state.next += 1;
        let name = name.to_string();
        state.queues.entry(name.clone()).or_default().push_back(state.next);
        MemoryLock { locks: self.clone(), name, ticket: state.next }
    }
}

impl Locks for MemoryLocks {
    type Lock = MemoryLock;

    async fn wait(&self, name: LockName<'_>) -> Result<MemoryLock, StoreError> {
        let lock = self.queue_up(name);
        poll_fn(|context| {
            let state = &mut *self.0.borrow_mut();
            if state.queues[&lock.name].front() == Some(&lock.ticket) {
                return Poll::Ready(());
            }
            state.wakers.insert(lock.ticket, context.waker().clone());
            Poll::Pending
        })
        .await;
        Ok(lock)
    }

    async fn if_free(&self, name: LockName<'_>) -> Result<Option<MemoryLock>, StoreError> {
        Ok(if self.is_taken(name).await? { None } else { Some(self.queue_up(name)) })
    }

    async fn is_taken(&self, name: LockName<'_>) -> Result<bool, StoreError> {
        Ok(self.0.borrow().queues.contains_key(&name.to_string()))
    }

    async fn is_any_page_engine_at_work(&self) -> Result<bool, StoreError> {
        Ok(self.0.borrow().queues.keys().any(|name| name.starts_with(PAGE_ENGINE)))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Context;

    use super::*;

    #[test]
    fn locks_are_granted_in_order_and_a_wait_that_is_dropped_is_skipped() {
        let locks = MemoryLocks::default();
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(Ok(first)) = pin!(locks.wait(LockName::Store)).poll(&mut context) else {
            panic!("nobody had it")
        };
        let mut second = Box::pin(locks.wait(LockName::Store));
        let mut third = Box::pin(locks.wait(LockName::Store));
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(third.as_mut().poll(&mut context).is_pending());
        drop(second);
        assert!(third.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert!(third.as_mut().poll(&mut context).is_ready());
        drop(third);
        let Poll::Ready(taken) = pin!(locks.is_taken(LockName::Store)).poll(&mut context) else {
            panic!("it does not wait")
        };
        assert_eq!(taken, Ok(false));
    }
}
