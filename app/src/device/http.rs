//! Requests of the page itself.

use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Request, RequestCache, RequestInit, Response};

use super::browser::window;

/// Gets a URL. Nothing is taken from or put into the HTTP cache: what is kept is kept by us, and a wrong answer
/// must not come back from there.
pub(super) async fn get(url: &str, signal: Option<&AbortSignal>) -> Result<Response, JsValue> {
    let init = RequestInit::new();
    init.set_cache(RequestCache::NoStore);
    init.set_signal(signal);
    let request = Request::new_with_str_and_init(url, &init)?;
    Ok(JsFuture::from(window().fetch_with_request(&request)).await?.unchecked_into())
}
