//! The Cache API in a page passes the suite.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use js_sys::Uint8Array;
use piece_store::{
    BrowserStore, CacheDocuments, CacheParts, CachePieces, Documents as _, Parts as _, Pieces as _,
    conformance, remove_other_layouts, sha256,
};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn the_cache_api_conforms_in_a_page() {
    let pieces = CachePieces::open().await.unwrap();
    let documents = CacheDocuments::open().await.unwrap();
    let parts = CacheParts::open().await.unwrap();
    conformance::run(pieces, documents, parts, |bytes| Uint8Array::from(bytes), |bytes| bytes.to_vec()).await;
}

#[wasm_bindgen_test]
async fn caches_of_other_layouts_go_and_those_of_others_stay() {
    let caches = web_sys::window().unwrap().caches().unwrap();
    for name in ["modelferry-pieces-0", "somebody-else"] {
        JsFuture::from(caches.open(name)).await.unwrap();
    }
    BrowserStore::open().await.unwrap();
    remove_other_layouts().await.unwrap();
    let has = async |name| JsFuture::from(caches.has(name)).await.unwrap().is_truthy();
    assert!(!has("modelferry-pieces-0").await);
    for ours in ["modelferry-pieces-1", "modelferry-manifests-1", "modelferry-parts-1"] {
        assert!(has(ours).await, "{ours}");
    }
    assert!(has("somebody-else").await);
}

/// An open `Cache` object goes on writing into a cache that was deleted, where nobody can read it.
#[wasm_bindgen_test]
async fn what_is_stored_after_the_caches_were_deleted_can_be_read() {
    let caches = web_sys::window().unwrap().caches().unwrap();
    let (pieces, documents) = (CachePieces::open().await.unwrap(), CacheDocuments::open().await.unwrap());
    let parts = CacheParts::open().await.unwrap();
    let bytes = || Uint8Array::from(&b"bytes"[..]);
    let digest = sha256(&bytes()).await.unwrap();
    pieces.admit(&digest, bytes()).await.unwrap();
    documents.put("/key", "text").await.unwrap();
    parts.put(&digest, 0, &bytes()).await.unwrap();

    for name in ["modelferry-pieces-1", "modelferry-manifests-1", "modelferry-parts-1"] {
        assert!(JsFuture::from(caches.delete(name)).await.unwrap().is_truthy());
    }
    assert!(!pieces.has(&digest).await.unwrap(), "what is gone is seen to be gone");
    assert_eq!(documents.get("/key").await.unwrap(), None);
    assert!(parts.list().await.unwrap().is_empty());

    pieces.admit(&digest, bytes()).await.unwrap();
    documents.put("/key", "text").await.unwrap();
    parts.put(&digest, 0, &bytes()).await.unwrap();
    // As somebody who comes later sees it.
    assert!(CachePieces::open().await.unwrap().has(&digest).await.unwrap());
    assert_eq!(CacheDocuments::open().await.unwrap().get("/key").await.unwrap().as_deref(), Some("text"));
    assert!(CacheParts::open().await.unwrap().list().await.unwrap().contains(&digest));

    assert!(pieces.delete(&digest).await.unwrap());
    assert!(documents.delete("/key").await.unwrap());
    assert!(parts.delete(&digest).await.unwrap());
}
