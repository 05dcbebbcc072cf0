//! How long the worker waits for the network if it has another answer, and which answer it uses.

use js_sys::{Array, Promise};
use protocol::shell::is_of_the_server;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Response;

use crate::scope::{report, scope, settled};

/// How long the server may take to begin its answer before what is on the device is the answer, in milliseconds.
const PATIENCE: i32 = 4_000;

/// The server's answer, if it comes in time. Later it may be waited for by the same promise.
pub(crate) async fn in_time(network: &Promise) -> Option<Response> {
    let patience = Promise::new(&mut |done, _| {
        if let Err(error) = scope().set_timeout_with_callback_and_timeout_and_arguments_0(&done, PATIENCE) {
            report("no clock", &error);
        }
    });
    let answered = settled(Promise::race(&Array::of2(network, &patience))).await;
    let response: Response = answered.ok().filter(JsValue::is_object)?.unchecked_into();
    is_of_the_server(response.status()).then_some(response)
}
