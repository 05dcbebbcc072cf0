//! Requests of the page itself.

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Request, RequestCache, RequestInit, Response};

use crate::browser::window;

/// How long the server may take to begin its answer, in milliseconds.
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

/// Gets a URL, unless the server takes too long to begin.
pub(crate) async fn get(url: &str, signal: Option<&AbortSignal>) -> Result<Response, JsValue> {
    let request = request(url, signal)?;
    let response = send(&request);
    futures_util::pin_mut!(response);
    match select(response, TimeoutFuture::new(PATIENCE)).await {
        Either::Left((response, _)) => response,
        Either::Right(_) => Err("the server does not answer".into()),
    }
}
