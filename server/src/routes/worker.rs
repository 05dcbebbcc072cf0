//! `/service-worker.js`: the worker, one script, a part of this program.

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use protocol::Digest;
use sha2::{Digest as _, Sha256};

use crate::http::{Form, NO_CACHE, Representation, Said, answer};

/// Made by `build` from the crate `service-worker`.
const SCRIPT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/service-worker.js"));

static DIGEST: LazyLock<Digest> = LazyLock::new(|| Digest::from_bytes(Sha256::digest(SCRIPT).into()));

/// The route of the worker. Not readable from other origins, unlike models.
pub(crate) fn worker() -> Router {
    Router::new().route(protocol::routes::SERVICE_WORKER, get(script))
}

async fn script(method: Method, request: HeaderMap) -> Response {
    let representation = Representation::from(Said {
        digest: *DIGEST,
        length: SCRIPT.len() as u64,
        content_type: HeaderValue::from_static("text/javascript; charset=utf-8"),
        // The browser compares it byte by byte; it must see the new one at once.
        cache_control: NO_CACHE,
        last_modified: None,
        fields: HeaderMap::new(),
        form: Form::Text,
    });
    answer(&method, &request, &representation, &Bytes::from_static(SCRIPT))
}
