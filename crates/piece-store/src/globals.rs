//! Web APIs that are missing in some contexts.

use js_sys::{Reflect, Uint8Array};
use protocol::Digest;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::SubtleCrypto;

use crate::{StoreError, StoreErrorKind};

/// A property of the global object, of a window or a worker.
pub(crate) fn global(name: &str) -> Result<JsValue, StoreError> {
    let missing = || StoreError::new(StoreErrorKind::Unsupported, format!("there is no `{name}`"));
    match Reflect::get(&js_sys::global(), &JsValue::from_str(name)) {
        Ok(value) if value.is_undefined() || value.is_null() => Err(missing()),
        Ok(value) => Ok(value),
        Err(error) => Err(StoreError { kind: StoreErrorKind::Unsupported, ..StoreError::from(error) }),
    }
}

/// SHA-256 by the browser's own code.
///
/// # Errors
/// When the context has no Web Crypto (it needs a secure one).
pub async fn sha256(bytes: &Uint8Array) -> Result<Digest, StoreError> {
    let crypto: web_sys::Crypto = global("crypto")?.unchecked_into();
    let subtle: SubtleCrypto = crypto.subtle();
    if subtle.is_undefined() {
        return Err(StoreError::new(StoreErrorKind::Unsupported, "there is no `crypto.subtle`"));
    }
    let hash = JsFuture::from(subtle.digest_with_str_and_buffer_source("SHA-256", bytes)?).await?;
    let mut digest = [0; 32];
    Uint8Array::new(&hash).copy_to(&mut digest);
    Ok(Digest::from_bytes(digest))
}
