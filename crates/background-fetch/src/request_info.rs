//! What can be asked for: a URL or a whole request.

use wasm_bindgen::JsValue;
use web_sys::Request;

/// What [`BackgroundFetch::fetch`](crate::BackgroundFetch::fetch) shall fetch.
#[derive(Clone, Debug)]
pub enum RequestInfo {
    /// A `GET` of a URL, relative to the page.
    Url(String),
    /// A request with its own method, headers and body. Chromium ignores its cache mode and its credentials
    /// mode.
    Request(Request),
}

impl RequestInfo {
    pub(crate) fn into_js(self) -> JsValue {
        match self {
            Self::Url(url) => url.into(),
            Self::Request(request) => request.into(),
        }
    }
}

impl From<&str> for RequestInfo {
    fn from(url: &str) -> Self {
        Self::Url(url.to_owned())
    }
}

impl From<&String> for RequestInfo {
    fn from(url: &String) -> Self {
        Self::Url(url.clone())
    }
}

impl From<String> for RequestInfo {
    fn from(url: String) -> Self {
        Self::Url(url)
    }
}

impl From<Request> for RequestInfo {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}
