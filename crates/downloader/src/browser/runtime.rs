//! Time, random numbers and tasks.

use std::fmt;
use std::pin::Pin;

use gloo_timers::future::TimeoutFuture;
use protocol::download::Millis;
use wasm_bindgen_futures::spawn_local;

use crate::ports::Runtime;

/// Those of this page or worker.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrowserRuntime;

impl Runtime for BrowserRuntime {
    fn now(&self) -> Millis {
        js_sys::Date::now() as Millis
    }

    async fn sleep(&self, time: Millis) {
        // A timer takes at most 2^31 milliseconds.
        TimeoutFuture::new(time.min(1 << 30) as u32).await;
    }

    fn random(&self) -> u32 {
        (js_sys::Math::random() * f64::from(u32::MAX)) as u32
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        // Of one type, so that the code around tasks is there once.
        let task: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
        spawn_local(task);
    }

    fn log(&self, what: &str, error: &dyn fmt::Display) {
        super::log(what, &error.to_string().into());
    }
}
