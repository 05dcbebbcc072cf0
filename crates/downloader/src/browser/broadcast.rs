//! Messages: pages send with `BroadcastChannel`, the worker with `postMessage`.

use js_sys::Array;
use protocol::{BroadcastMessage, TextForm as _};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{BroadcastChannel, ClientQueryOptions, ClientType, ServiceWorkerGlobalScope, WindowClient};

use crate::ports::Broadcast;

/// Messages of a page; `None` if the browser has no channels.
#[derive(Clone, Debug)]
pub struct PageBroadcast(pub(super) Option<BroadcastChannel>);

impl Broadcast for PageBroadcast {
    async fn send(&self, message: &BroadcastMessage) {
        if let Some(channel) = &self.0
            && let Err(error) = channel.post_message(&message.to_text().into())
        {
            super::log("other tabs could not be told", &error);
        }
    }
}

/// Messages of the service worker, to all windows of the origin, whether or not it controls them.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkerBroadcast;

impl WorkerBroadcast {
    /// All windows of this origin.
    pub async fn windows() -> Vec<WindowClient> {
        let scope: ServiceWorkerGlobalScope = js_sys::global().unchecked_into();
        let options = ClientQueryOptions::new();
        options.set_include_uncontrolled(true);
        options.set_type(ClientType::Window);
        match JsFuture::from(scope.clients().match_all_with_options(&options)).await {
            Ok(clients) => {
                clients.unchecked_into::<Array>().iter().map(wasm_bindgen::JsCast::unchecked_into).collect()
            }
            Err(error) => {
                super::log("listing the open pages failed", &error);
                Vec::new()
            }
        }
    }
}

impl Broadcast for WorkerBroadcast {
    async fn send(&self, message: &BroadcastMessage) {
        let text = JsValue::from_str(&message.to_text());
        for window in Self::windows().await {
            if let Err(error) = window.post_message(&text) {
                super::log("a page could not be told", &error);
            }
        }
    }
}
