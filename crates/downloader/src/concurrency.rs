//! Helpers for work on two items at once, and for work under the store's lock.

use std::cell::RefCell;

use futures_util::future::join;
use piece_store::{LockName, Locks as _, StoreError};

use crate::ports::{Device, Ports};

/// Processes these items, two at a time: while one body is hashed, the next one is stored.
pub(crate) async fn two_at_a_time<T>(items: Vec<T>, each: impl AsyncFn(T)) {
    let items = RefCell::new(items.into_iter());
    let worker = async || {
        loop {
            // Not in the loop's head: the iterator must be free again before anything is waited for.
            let next = items.borrow_mut().next();
            let Some(item) = next else { return };
            each(item).await;
        }
    };
    join(worker(), worker()).await;
}

/// Runs work that needs the exclusive lock of the store.
pub(crate) async fn with_store_lock<P: Ports>(
    device: &Device<P>,
    work: impl Future<Output = Result<(), StoreError>>,
) -> Result<(), StoreError> {
    let _lock = device.locks.wait(LockName::Store).await?;
    work.await
}
