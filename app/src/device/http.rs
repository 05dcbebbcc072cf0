//! Requests of the page itself.

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Request, RequestCache, RequestInit, Response};

use super::browser::window;

/// How long the server may take to begin its answer, in milliseconds.
const PATIENCE: u32 = 30_000;

/// Gets a URL. Nothing is taken from or put into the HTTP cache: what is kept is kept by us, and a wrong answer
/// must not come back from there.
pub(super) async fn get(url: &str, signal: Option<&AbortSignal>) -> Result<Response, JsValue> {
    let init = RequestInit::new();
    init.set_cache(RequestCache::NoStore);
    init.set_signal(signal);
    let request = Request::new_with_str_and_init(url, &init)?;
    let response = JsFuture::from(window().fetch_with_request(&request));
    match select(response, TimeoutFuture::new(PATIENCE)).await {
        Either::Left((response, _)) => Ok(response?.unchecked_into()),
        Either::Right(_) => Err("the server does not answer".into()),
    }
}
