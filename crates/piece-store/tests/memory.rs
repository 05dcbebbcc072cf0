//! The in-memory twins pass the suite.
#![cfg(not(target_arch = "wasm32"))]

use futures_util::FutureExt as _;
use piece_store::{MemoryDocuments, MemoryParts, MemoryPieces, conformance};

#[test]
fn memory_conforms() {
    let suite = conformance::run(
        MemoryPieces::default(),
        MemoryDocuments::default(),
        MemoryParts::default(),
        <[u8]>::to_vec,
        std::convert::identity,
    );
    // Nothing in memory ever waits.
    assert_eq!(suite.now_or_never(), Some(()));
}
