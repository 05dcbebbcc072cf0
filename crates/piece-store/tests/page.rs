//! The Cache API in a page passes the suite.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use js_sys::Uint8Array;
use piece_store::{CacheDocuments, CachePieces, conformance, remove_other_layouts};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn the_cache_api_conforms_in_a_page() {
    let pieces = CachePieces::open().await.unwrap();
    let documents = CacheDocuments::open().await.unwrap();
    conformance::run(pieces, documents, |bytes| Uint8Array::from(bytes), |bytes| bytes.to_vec()).await;
}

#[wasm_bindgen_test]
async fn caches_of_other_layouts_go_and_those_of_others_stay() {
    let caches = web_sys::window().unwrap().caches().unwrap();
    for name in ["modelferry-pieces-0", "somebody-else"] {
        JsFuture::from(caches.open(name)).await.unwrap();
    }
    CachePieces::open().await.unwrap();
    remove_other_layouts().await.unwrap();
    let has = async |name| JsFuture::from(caches.has(name)).await.unwrap().is_truthy();
    assert!(!has("modelferry-pieces-0").await);
    assert!(has("modelferry-pieces-1").await);
    assert!(has("somebody-else").await);
}
