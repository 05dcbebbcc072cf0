//! The caller's `AbortSignal`.

use std::future::pending;

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

const EVENT: &str = "abort";

/// Listens to a signal while it lives, if the caller has given one.
pub(crate) struct Abort(Option<Listener>);

struct Listener {
    signal: AbortSignal,
    listener: Option<Function>,
    promise: Promise,
}

impl Abort {
    pub(crate) fn of(signal: Option<AbortSignal>) -> Self {
        Self(signal.map(|signal| {
            let mut listener = None;
            // What settles the promise is the listener itself.
            let promise = Promise::new(&mut |settle, _| listener = Some(settle));
            if let Some(listener) = &listener {
                // Adding a listener does not throw, nor does removing one.
                let _ = signal.add_event_listener_with_callback(EVENT, listener);
            }
            Listener { signal, listener, promise }
        }))
    }

    /// What the caller gave as the reason.
    pub(crate) fn reason(&self) -> JsValue {
        self.0.as_ref().map_or(JsValue::UNDEFINED, |listener| listener.signal.reason())
    }
}

impl downloader::Abort for Abort {
    fn is_aborted(&self) -> bool {
        self.0.as_ref().is_some_and(|listener| listener.signal.aborted())
    }

    async fn happens(&self) {
        match &self.0 {
            // It is never rejected.
            Some(listener) => drop(JsFuture::from(listener.promise.clone()).await),
            None => pending().await,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            let _ = self.signal.remove_event_listener_with_callback(EVENT, listener);
        }
    }
}
