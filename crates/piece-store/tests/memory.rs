//! The in-memory twins pass the suite.
#![cfg(not(target_arch = "wasm32"))]

use std::rc::Rc;

use futures_util::FutureExt as _;
use piece_store::{Instant, MemoryBody, MemoryBytes, MemoryLocks, MemoryOrigin, MemoryStore, conformance};

#[test]
fn memory_conforms() {
    let locks = MemoryLocks::default();
    let store = MemoryStore::of(&Rc::new(MemoryOrigin::default()), locks.clone(), Rc::new(Instant));
    let answer = |status, bytes: &[u8]| MemoryBody::of(status, bytes.into());
    let suite =
        conformance::run(store, locks, |bytes| bytes.into(), |bytes: MemoryBytes| bytes.to_vec(), answer);
    // Nothing in memory ever waits.
    assert_eq!(suite.now_or_never(), Some(()));
}
