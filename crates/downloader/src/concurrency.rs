//! Work on several items at once.

use std::cell::RefCell;

use futures_util::future::join;

/// Does something with each of these, two at a time: while one body is hashed, the next one is stored.
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
