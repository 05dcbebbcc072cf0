//! News of the store: from the worker by `postMessage`, from other pages by `BroadcastChannel`.

use std::cell::OnceCell;

use js_sys::Function;
use protocol::{CHANNEL, FromWorker};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{BroadcastChannel, MessageEvent, VisibilityState};

use crate::browser::{log, window};
use crate::driver;

thread_local! {
    /// The channel of this page; `None` if the browser has none.
    static PAGES: OnceCell<Option<BroadcastChannel>> = const { OnceCell::new() };
}

/// Listens from now on. Once is enough, more often does nothing.
pub(crate) fn listen() {
    PAGES.with(|pages| {
        pages.get_or_init(|| match open() {
            Ok(channel) => Some(channel),
            Err(error) => {
                // Then other tabs catch up when they come into sight.
                log("other tabs cannot be heard", &error);
                None
            }
        });
    });
}

fn open() -> Result<BroadcastChannel, JsValue> {
    let window = window();
    // The listeners live as long as the page, whatever comes of the rest.
    let heard = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
        match event.data().as_string().and_then(|text| FromWorker::from_text(&text)) {
            Some(message) => driver::deliver(&message),
            // From another version: the store tells what it was about.
            None => driver::look_again(),
        }
    });
    let listener: Function = heard.into_js_value().unchecked_into();
    // Not as a property, which the page may use itself, if it is not ours.
    window.navigator().service_worker().add_event_listener_with_callback("message", &listener)?;

    if let Some(document) = window.document() {
        let seen = Closure::<dyn Fn()>::new({
            let document = document.clone();
            move || {
                if document.visibility_state() == VisibilityState::Visible {
                    driver::look_again();
                }
            }
        });
        let seen: Function = seen.into_js_value().unchecked_into();
        document.add_event_listener_with_callback("visibilitychange", &seen)?;
    }
    let channel = BroadcastChannel::new(CHANNEL)?;
    channel.add_event_listener_with_callback("message", &listener)?;
    Ok(channel)
}

/// Tells the other pages; this one is not told.
pub(crate) fn tell(message: &FromWorker) {
    PAGES.with(|pages| {
        if let Some(Some(channel)) = pages.get()
            && let Err(error) = channel.post_message(&message.to_text().into())
        {
            log("other tabs could not be told", &error);
        }
    });
}
