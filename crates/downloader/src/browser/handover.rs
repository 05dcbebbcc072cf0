//! The hand-over: a closing page posts its unsaved bytes to the worker, which stores them.
//!
//! Browsers rarely complete a call to the Cache API from a closing page. A message with the bytes has left
//! the page when `postMessage` returns, and the worker stays.

use std::rc::Rc;

use futures_util::future::select;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Uint8Array};
use piece_store::{AsyncMutex, gather, message_at, put_part};
use protocol::routes;
use protocol::transfer::Part;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, MessagePort, ServiceWorkerRegistration};

use super::message;
use crate::ports::{Handover, HandoverError};

/// How long the worker may take to store what it was given, in milliseconds.
const PATIENCE: u32 = 3_000;

/// The worker, as a keeper of parts.
#[derive(Clone, Debug)]
pub struct PartKeeper(pub(super) ServiceWorkerRegistration);

impl Handover for PartKeeper {
    type Bytes = Uint8Array;

    fn hand_over(&self, part: &Part, piece: &Uint8Array) -> Result<(), HandoverError> {
        // The worker gets it for itself.
        let bytes = Uint8Array::new_with_length(part.length());
        gather(part, piece, &bytes).map_err(|error| HandoverError(error.to_string()))?;
        let message = Array::of2(&routes::part(part).into(), &bytes);
        self.post(&message, &bytes.buffer()).map_err(|error| HandoverError(super::message(&error)))
    }

    async fn settled(&self) {
        // Without a worker nothing was given to it.
        if let Ok(channel) = MessageChannel::new()
            && self.post(&JsValue::NULL, &channel.port2()).is_ok()
        {
            let answer = JsFuture::from(message_at(&channel.port1()));
            select(answer, TimeoutFuture::new(PATIENCE)).await;
        }
    }
}

impl PartKeeper {
    fn post(&self, message: &JsValue, transferred: &JsValue) -> Result<(), JsValue> {
        let worker = self.0.active().ok_or("there is no worker")?;
        worker.post_message_with_transferable(message, &Array::of1(transferred))
    }
}

thread_local! {
    /// Orders the storing of parts: an answer that everything is stored comes after all earlier parts.
    static STORING: Rc<AsyncMutex> = Rc::default();
}

/// In the worker: stores the part that a message brings, if it does, and answers at the port that comes with it, if one does.
pub async fn take_part(data: &JsValue, port: Option<MessagePort>) {
    let storing = STORING.with(Rc::clone);
    let _guard = storing.lock().await;
    if let Some((route, bytes)) = part(data)
        && let Err(error) = put_part(&route, &bytes).await
    {
        super::log("a part could not be stored", &error.to_string().into());
    }
    if let Some(port) = port
        && let Err(error) = port.post_message(&JsValue::NULL)
    {
        super::log("a page could not be answered", &message(&error).into());
    }
}

fn part(data: &JsValue) -> Option<(String, Uint8Array)> {
    let data = data.dyn_ref::<Array>()?;
    Some((data.get(0).as_string()?, data.get(1).dyn_into().ok()?))
}
