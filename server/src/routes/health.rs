//! `/healthz`: the server is alive, and the progress of its index.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::index::Progress;
use crate::state::ServerState;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    models: usize,
    pending: usize,
    problems: usize,
    #[serde(flatten)]
    progress: Progress,
}

pub(super) async fn get(State(state): State<ServerState>) -> Response {
    let report = state.index.report();
    let health = Health {
        status: "ok",
        models: report.models.len(),
        pending: report.pending.len(),
        problems: report.problems.len(),
        progress: state.index.progress(),
    };
    // Numbers and our own words: it cannot fail, and if it did, the server would still be alive.
    let json = serde_json::to_string(&health).unwrap_or_default();
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (fields, Body::from(json)).into_response()
}
