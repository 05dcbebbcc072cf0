//! Requests of the page itself.

use futures_util::future::{Either, select};
use futures_util::pin_mut;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, Request, RequestCache, RequestInit, Response};

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
    let abort = AbortController::new()?;
    let request = request(url, Some(&abort.signal()))?;
    let answer = async {
        let response = send(&request).await?;
        let text = match response.status() {
            200 => JsFuture::from(response.text()?).await?.as_string(),
            _ => None,
        };
        Ok((response.status(), text.unwrap_or_default()))
    };
    pin_mut!(answer);
    let answer = match select(answer, TimeoutFuture::new(PATIENCE)).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => Err("the server does not answer".into()),
    };
    // What nobody waits for must not keep one of the few connections that a page may have.
    abort.abort();
    answer
}
