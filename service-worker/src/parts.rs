//! What pages have of unfinished pieces when they go: they give it to the worker, which stays.

use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use piece_store::{OneAtATime, put_part};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{ExtendableMessageEvent, MessagePort};

use crate::{message, report};

thread_local! {
    /// Whoever asks whether everything is stored waits for what came before.
    static STORING: Rc<OneAtATime> = Rc::default();
}

/// Stores the part that a message brings, if it does, and answers at the port that comes with it, if one does.
pub(crate) async fn take(event: ExtendableMessageEvent) {
    let storing = STORING.with(Rc::clone);
    let _alone = storing.enter().await;
    if let Some((route, bytes)) = part(&event.data())
        && let Err(error) = put_part(&route, &bytes).await
    {
        report("a part could not be stored", &message(&error));
    }
    if let Some(port) = event.ports().get_checked(0) {
        let port: MessagePort = port.unchecked_into();
        if let Err(error) = port.post_message(&JsValue::NULL) {
            report("a page could not be answered", &error);
        }
    }
}

fn part(data: &JsValue) -> Option<(String, Uint8Array)> {
    let data = data.dyn_ref::<Array>()?;
    Some((data.get(0).as_string()?, data.get(1).dyn_into().ok()?))
}
