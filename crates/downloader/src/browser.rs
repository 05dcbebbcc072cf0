//! The ports for browsers. The code here converts and calls, and decides nothing.

mod broadcast;
mod fetches;
mod handover;
mod http;
mod lifecycle;
mod page;
mod quota;
mod runtime;
mod worker;

use std::cell::OnceCell;

use js_sys::Uint8Array;
use piece_store::{BrowserParts, CacheDocuments, CachePieces, WebLocks, WholeFile};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Response, Window};

use crate::Downloads;
use crate::ports::Ports;

pub use broadcast::{PageBroadcast, WorkerBroadcast};
pub use fetches::{BrowserFetches, BrowserRegistration};
pub use handover::{PartKeeper, take_part};
pub use http::BrowserHttp;
pub use page::{BrowserPage, is_permanent, register};
pub use quota::BrowserQuota;
pub use runtime::BrowserRuntime;
pub use worker::{WorkerPorts, worker_device};

/// The ports of a page.
#[derive(Clone, Copy, Debug)]
pub struct PagePorts;

impl Ports for PagePorts {
    type Bytes = Uint8Array;
    type Body = Response;
    type File = WholeFile;
    type Pieces = CachePieces;
    type Documents = CacheDocuments;
    type Parts = BrowserParts;
    type Locks = WebLocks;
    type Fetches = BrowserFetches;
    type Http = BrowserHttp;
    type Quota = BrowserQuota;
    type Runtime = BrowserRuntime;
    type Broadcast = PageBroadcast;
    type Handover = PartKeeper;
}

/// The downloads of this page.
#[must_use]
pub fn downloads() -> Downloads<BrowserPage> {
    thread_local! {
        static DOWNLOADS: OnceCell<Downloads<BrowserPage>> = const { OnceCell::new() };
    }
    DOWNLOADS.with(|downloads| downloads.get_or_init(|| Downloads::new(BrowserPage::default())).clone())
}

/// This window.
#[must_use]
pub fn window() -> Window {
    js_sys::global().unchecked_into()
}

/// Writes to the console what no user needs to act on.
pub fn log(what: &str, error: &JsValue) {
    web_sys::console::warn_2(&format!("modelferry: {what}:").into(), error);
}

/// What the browser has thrown, in its words.
fn message(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => error.as_string().unwrap_or_default(),
    }
}
