//! `/inference-worker.js`, which computes with models on the device, and the files that it loads. Only
//! pages of this origin may use it.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use protocol::routes::INFERENCE_WORKER;
use tower_http::set_header::SetResponseHeaderLayer;

use super::packed::{File, Packed, Parts};
use crate::http::{PageIsolation, isolate};

/// Made by `build` from the folder `inference-worker`.
static MADE: Packed = include!(concat!(env!("OUT_DIR"), "/inference-worker.rs"));

/// A worker has its own policy and does not inherit its page's. This one loads its program and nothing else.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'");

/// What the inference worker is made of.
pub(super) fn parts() -> Parts {
    MADE.parts(INFERENCE_WORKER)
}

/// The routes of the inference worker. Not readable from other origins, unlike models.
pub(crate) fn inference(isolation: PageIsolation) -> Router {
    MADE.entry(INFERENCE_WORKER)
        .layer(SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, POLICY))
        // A page that is isolated may start only workers that are.
        .layer(from_fn_with_state(isolation, isolate))
        .merge(MADE.files())
}
