//! The Cache API in a service worker passes the suite.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use js_sys::Uint8Array;
use piece_store::{CacheDocuments, CachePieces, WorkerParts, conformance};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_service_worker);

#[wasm_bindgen_test]
async fn the_cache_api_conforms_in_a_service_worker() {
    let pieces = CachePieces::open().await.unwrap();
    let documents = CacheDocuments::open().await.unwrap();
    let parts = WorkerParts::open().await.unwrap();
    conformance::run(pieces, documents, parts, |bytes| Uint8Array::from(bytes), |bytes| bytes.to_vec()).await;
}
