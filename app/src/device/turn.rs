//! Whose turn it is: of all tabs of this browser, one at a time fetches a model by itself (Web Locks API).

use futures_util::future::{Either, select};
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

use super::browser::window;

mod glue {
    //! `web-sys` has these behind a flag for the whole build.

    use js_sys::{Function, Object, Promise};
    use wasm_bindgen::JsValue;
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        /// A `Navigator`, as far as it is wanted here.
        pub(super) type Host;

        #[wasm_bindgen(method, getter)]
        pub(super) fn locks(this: &Host) -> Option<LockManager>;

        pub(super) type LockManager;

        #[wasm_bindgen(method, catch)]
        pub(super) fn request(
            this: &LockManager,
            name: &str,
            options: &Object,
            granted: &Function,
        ) -> Result<Promise, JsValue>;
    }
}

/// While it lives, no other tab has this turn.
#[derive(Debug)]
pub(super) struct Turn {
    /// Ends it; `None` where the browser has no locks, and tabs cannot know of each other.
    end: Option<Function>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(end) = &self.end {
            // Settling a promise does not throw.
            let _ = end.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Waits for a turn.
///
/// # Errors
/// What the browser throws, such as an `AbortError` after the signal.
pub(super) async fn wait(name: &str, signal: Option<&AbortSignal>) -> Result<Turn, JsValue> {
    let navigator = window().navigator();
    let Some(locks) = navigator.unchecked_ref::<glue::Host>().locks() else {
        return Ok(Turn { end: None });
    };
    let options = Object::new();
    if let Some(signal) = signal {
        Reflect::set(&options, &"signal".into(), signal)?;
    }
    // The lock is held until the promise that the callback returns is settled; its resolver is handed out here.
    let mut hand_out = None;
    let granted = Promise::new(&mut |resolve, _| hand_out = Some(resolve));
    let hand_out = hand_out.ok_or("a promise did not run its executor")?;
    let callback = Closure::once_into_js(move |_lock: JsValue| {
        Promise::new(&mut |end, _| {
            let _ = hand_out.call1(&JsValue::UNDEFINED, &end);
        })
    });
    let request = locks.request(name, &options, callback.unchecked_ref())?;
    match select(JsFuture::from(granted), JsFuture::from(request)).await {
        Either::Left((end, _)) => Ok(Turn { end: Some(end?.unchecked_into()) }),
        Either::Right((Err(error), _)) => Err(error),
        Either::Right((Ok(_), _)) => Err("the lock was given back before it was granted".into()),
    }
}
