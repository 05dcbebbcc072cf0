//! What a page gives to the worker when it goes.
//!
//! What a page asks of a cache in its last moments is hardly ever done, unless it is asked in one step and needs no more of the page.
//! A message with the bytes in it has left when `postMessage` returns, and the worker stays.

use futures_util::future::select;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Uint8Array};
use piece_store::message_at;
use protocol::routes;
use protocol::transfer::Part;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, ServiceWorkerRegistration};

/// How long the worker may take to store what it was given, in milliseconds.
const PATIENCE: u32 = 3_000;

/// Gives a part to the worker.
pub(super) fn hand_over(
    worker: &ServiceWorkerRegistration,
    part: &Part,
    bytes: &Uint8Array,
) -> Result<(), JsValue> {
    let message = Array::of2(&routes::part(part).into(), bytes);
    post(worker, &message, &bytes.buffer())
}

/// Waits until the worker has stored what it was given before, or does not say so.
pub(super) async fn settled(worker: &ServiceWorkerRegistration) {
    // Without a worker nothing was given to it.
    if let Ok(channel) = MessageChannel::new()
        && post(worker, &JsValue::NULL, &channel.port2()).is_ok()
    {
        let answer = JsFuture::from(message_at(&channel.port1()));
        select(answer, TimeoutFuture::new(PATIENCE)).await;
    }
}

fn post(worker: &ServiceWorkerRegistration, message: &JsValue, transferred: &JsValue) -> Result<(), JsValue> {
    let worker = worker.active().ok_or("there is no worker")?;
    worker.post_message_with_transferable(message, &Array::of1(transferred))
}
