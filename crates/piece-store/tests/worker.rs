//! The Cache API in a service worker passes the suite.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use js_sys::Uint8Array;
use piece_store::{CacheDocuments, CachePieces, ModelStore, WebLocks, WorkerParts, conformance};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Response, ResponseInit};

wasm_bindgen_test_configure!(run_in_service_worker);

#[wasm_bindgen_test]
async fn the_cache_api_conforms_in_a_service_worker() {
    let pieces = CachePieces::open().await.unwrap();
    let documents = CacheDocuments::open().await.unwrap();
    let store = ModelStore::new(pieces, documents, WorkerParts::open().await.unwrap());
    let answer = |status, bytes: &[u8]| {
        let init = ResponseInit::new();
        init.set_status(status);
        Response::new_with_opt_js_u8_array_and_init(Some(&Uint8Array::from(bytes)), &init).unwrap()
    };
    let (pack, unpack) = (|bytes: &[u8]| Uint8Array::from(bytes), |bytes: Uint8Array| bytes.to_vec());
    conformance::run(store, WebLocks, pack, unpack, answer).await;
}
