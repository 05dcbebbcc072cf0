//! The service worker: finishes, verifies and stores downloads, with or without a page, and answers requests for models
//! that are on the device.
//!
//! **Architecture Invariant:** every listener is registered from [`start`], that is, during the first
//! evaluation of the script. A listener that is added later misses the event that woke the worker, and the
//! downloaded data with it.
//!
//! **Architecture Invariant:** no listener can panic: a panic would leave the instance unusable for every later
//! event. Panicking calls are denied in this crate.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod listeners;
mod network;
mod pages;
mod reading;
mod shell;

use std::pin::Pin;

use js_sys::Promise;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::ServiceWorkerGlobalScope;

/// Runs as the last step of the script's evaluation.
#[wasm_bindgen(start)]
fn start() {
    if let Err(error) = listeners::register() {
        report("listeners could not be registered", &message(&error));
    }
}

/// The worker's own global object.
fn scope() -> ServiceWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// What follows the origin in a URL, if that is this worker's.
fn of_this_origin(url: &str) -> Option<&str> {
    url.strip_prefix(&scope().origin()).filter(|rest| rest.starts_with('/'))
}

/// Reports to the console what needs no action of the user.
fn report(what: &str, error: &JsValue) {
    web_sys::console::error_2(&format!("modelferry: {what}").into(), error);
}

/// A promise of a future. Boxed, so that the code for promises is there once; and so [`settled`] makes the code for waiting
/// be there once.
fn promise(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let future: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>> = Box::pin(future);
    future_to_promise(future)
}

fn settled<T>(promise: Promise<T>) -> JsFuture {
    JsFuture::from(promise.unchecked_into::<Promise>())
}

fn message(error: &impl std::fmt::Display) -> JsValue {
    error.to_string().into()
}
