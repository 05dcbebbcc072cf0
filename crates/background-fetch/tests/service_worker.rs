//! In a service worker: what may be asked there, and that nothing may be started.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "clippy knows tests by #[test], not by #[wasm_bindgen_test]")]

use background_fetch::{BackgroundFetch, ErrorKind, Options, is_supported};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::ServiceWorkerGlobalScope;

wasm_bindgen_test_configure!(run_in_service_worker);

fn fetches() -> BackgroundFetch {
    let scope: ServiceWorkerGlobalScope = js_sys::global().unchecked_into();
    BackgroundFetch::of(&scope.registration()).unwrap()
}

#[wasm_bindgen_test]
fn support_is_detected() {
    assert!(is_supported());
}

#[wasm_bindgen_test]
async fn a_worker_may_not_start_a_fetch() {
    let refused = fetches().fetch("from-a-worker", ["/README.md"], &Options::new()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotAllowed);
    assert_eq!(fetches().get_ids().await.unwrap(), [""; 0]);
}

#[wasm_bindgen_test]
async fn an_unknown_id_finds_nothing() {
    assert!(fetches().get("unknown").await.unwrap().is_none());
}

#[wasm_bindgen_test]
async fn an_empty_id_is_a_mistake() {
    assert_eq!(fetches().get("").await.unwrap_err().kind(), ErrorKind::BadRequest);
}
