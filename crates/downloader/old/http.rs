//! Requests of the page itself.

use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Request, RequestCache, RequestInit, Response};

use crate::browser::window;

/// How long an answer of some KiB may take, in milliseconds.
const PATIENCE: u32 = 30_000;

/// A request for a URL. Nothing is taken from or put into the HTTP cache: what is kept is kept by us, and a wrong
/// answer must not come back from there.
pub(crate) fn request(url: &str, signal: Option<&AbortSignal>) -> Result<Request, JsValue> {
    let init = RequestInit::new();
    init.set_cache(RequestCache::NoStore);
    init.set_signal(signal);
    Request::new_with_str_and_init(url, &init)
}

/// Sends a request; comes back when the answer begins.
pub(crate) async fn send(request: &Request) -> Result<Response, JsValue> {
    Ok(JsFuture::from(window().fetch_with_request(request)).await?.unchecked_into())
}

/// The status of a URL, and the text there if that is 200, unless it takes too long.
pub(crate) async fn text(url: &str) -> Result<(u16, String), JsValue> {
    // Ended by it, so that it does not keep one of the few connections that a page may have.
    let patience = AbortSignal::timeout_with_u32(PATIENCE);
    let response = send(&request(url, Some(&patience))?).await?;
    let text = match response.status() {
        200 => JsFuture::from(response.text()?).await?.as_string(),
        _ => None,
    };
    Ok((response.status(), text.unwrap_or_default()))
}
