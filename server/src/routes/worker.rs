//! `/service-worker.js`: the embedded worker script. The server puts a line before it that names the build
//! of the pages.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use protocol::Digest;
use sha2::{Digest as _, Sha256};

use crate::http::{ErrorFormat, NO_CACHE, Representation, RepresentationHeaders, answer};

/// Made by `build` from the crate `service-worker`.
const SCRIPT: &str = include_str!(concat!(env!("OUT_DIR"), "/service-worker.js"));

/// The script as it is served.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    script: Bytes,
    digest: Digest,
}

impl Worker {
    /// The worker's code after a line that is this server's.
    pub(crate) fn new(preamble: &str) -> Self {
        let script = Bytes::from([preamble, SCRIPT].concat());
        let digest = Digest::from_bytes(Sha256::digest(&script).into());
        Self { script, digest }
    }

    /// What the script's validator begins with. Pages carry it, so that they can tell whether the server has another build
    /// than theirs.
    pub(crate) fn build(&self) -> String {
        self.digest.to_string()[..16].to_owned()
    }

    /// The route of the worker. Not readable from other origins, unlike models.
    pub(crate) fn route(self) -> Router {
        let worker = Arc::new(self);
        let get = get(move |method, request| {
            let answered = worker.answer(&method, &request);
            async { answered }
        });
        Router::new().route(protocol::routes::SERVICE_WORKER, get)
    }

    fn answer(&self, method: &Method, request: &HeaderMap) -> Response {
        let representation = Representation::from(RepresentationHeaders {
            digest: self.digest,
            length: self.script.len() as u64,
            content_type: HeaderValue::from_static("text/javascript; charset=utf-8"),
            // The browser compares it byte by byte; it must see the new one at once.
            cache_control: NO_CACHE,
            last_modified: None,
            others: HeaderMap::new(),
            form: ErrorFormat::Text,
        });
        answer(method, request, representation, &self.script)
    }
}
