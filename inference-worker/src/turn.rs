//! Yields to the browser, so that it can deliver messages, and continues right after that.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, MessagePort};

/// A message to oneself comes in its turn, without the pause that browsers make after a few timers in a row.
#[derive(Debug)]
pub(crate) struct Turns {
    to: MessagePort,
    from: MessagePort,
}

impl Turns {
    pub(crate) fn new() -> Result<Self, JsValue> {
        let channel = MessageChannel::new()?;
        Ok(Self { to: channel.port1(), from: channel.port2() })
    }

    pub(crate) async fn next(&self) -> Result<(), JsValue> {
        let turn = Promise::new(&mut |resolve, _| self.from.set_onmessage(Some(&resolve)));
        self.to.post_message(&JsValue::NULL)?;
        JsFuture::from(turn).await.map(drop)
    }
}
