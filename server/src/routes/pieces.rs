//! `/pieces/{sha256}`: one piece, whichever file it is in.
//!
//! No answer has `Accept-Ranges`, although ranges are honoured: with that field, any navigation makes the
//! browser pause a background fetch for 30 seconds.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;

use super::{Names, decoded};
use crate::ServerState;
use crate::http::{Form, Handover, IMMUTABLE, Refusal, Representation, Stored, answer_stored};

pub(super) async fn get(
    State(state): State<ServerState>,
    method: Method,
    names: Names<String>,
    handover: Option<Extension<Handover>>,
    request: HeaderMap,
) -> Response {
    let handover = handover.as_deref();
    match find(&state, &method, names, handover, &request).await {
        Ok(response) => response,
        Err(refusal) => refusal.answer(Form::Text),
    }
}

async fn find(
    state: &ServerState,
    method: &Method,
    names: Names<String>,
    handover: Option<&Handover>,
    request: &HeaderMap,
) -> Result<Response, Refusal> {
    let name = decoded(names)?;
    let missing = || Refusal::Piece(name.clone());
    let digest = name.parse().or(Err(missing()))?;
    let snapshot = state.index.snapshot();
    let places = snapshot.piece(&digest);
    let representation = Representation {
        digest,
        length: places.first().ok_or_else(missing)?.length,
        content_type: HeaderValue::from_static("application/octet-stream"),
        cache_control: IMMUTABLE,
        fields: HeaderMap::new(),
        form: Form::Text,
    };
    let faults = state.faults.for_piece(&digest);
    let stored = Stored { places, index: &state.index, handover, faults };
    answer_stored(method, request, &representation, stored).await.or(Err(missing()))
}
