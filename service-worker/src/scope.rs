//! The worker's global object: its origin, its console, and its promises.

use std::pin::Pin;

use js_sys::Promise;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::ServiceWorkerGlobalScope;

/// The worker's own global object.
pub(crate) fn scope() -> ServiceWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// What follows the origin in a URL, if that is this worker's.
pub(crate) fn of_this_origin(url: &str) -> Option<&str> {
    url.strip_prefix(&scope().origin()).filter(|rest| rest.starts_with('/'))
}

/// Reports to the console what needs no action of the user.
pub(crate) fn report(what: &str, error: &JsValue) {
    web_sys::console::error_2(&format!("modelferry: {what}").into(), error);
}

/// A promise of a future. Boxed, so that the code for promises is there once; and so [`settled`] makes the code for waiting
/// be there once.
pub(crate) fn promise(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let future: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>> = Box::pin(future);
    future_to_promise(future)
}

pub(crate) fn settled<T>(promise: Promise<T>) -> JsFuture {
    JsFuture::from(promise.unchecked_into::<Promise>())
}

pub(crate) fn message(error: &impl std::fmt::Display) -> JsValue {
    error.to_string().into()
}
