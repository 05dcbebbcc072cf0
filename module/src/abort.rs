//! A caller's `AbortSignal`.

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

const EVENT: &str = "abort";

/// Listens to a signal while it lives.
pub(crate) struct Abort {
    signal: AbortSignal,
    listener: Option<Function>,
    promise: Promise,
}

impl Abort {
    pub(crate) fn of(signal: AbortSignal) -> Self {
        let mut listener = None;
        // What settles the promise is the listener itself.
        let promise = Promise::new(&mut |settle, _| listener = Some(settle));
        if let Some(listener) = &listener {
            // Adding a listener does not throw, nor does removing one.
            let _ = signal.add_event_listener_with_callback(EVENT, listener);
        }
        Self { signal, listener, promise }
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.signal.aborted()
    }

    /// What the caller gave as the reason.
    pub(crate) fn reason(&self) -> JsValue {
        self.signal.reason()
    }

    /// Waits until it is aborted from now on.
    pub(crate) async fn happens(&self) {
        // It is never rejected.
        let _ = JsFuture::from(self.promise.clone()).await;
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            let _ = self.signal.remove_event_listener_with_callback(EVENT, listener);
        }
    }
}
