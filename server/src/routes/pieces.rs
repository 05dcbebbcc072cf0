//! `/pieces/{sha256}`: one piece, whichever file it is in.
//!
//! No answer has `Accept-Ranges`, although ranges are honoured: with that field, any navigation makes the
//! browser pause a background fetch for 30 seconds.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use tokio::task::spawn_blocking;

use super::{Names, decoded};
use crate::ServerState;
use crate::http::{Form, IMMUTABLE, Refusal, Representation, Source, answer};

pub(super) async fn get(
    State(state): State<ServerState>,
    method: Method,
    names: Names<String>,
    request: HeaderMap,
) -> Response {
    match find(&state, names).await {
        Ok(representation) => answer(&method, &request, representation),
        Err(refusal) => refusal.answer(Form::Text),
    }
}

async fn find(state: &ServerState, names: Names<String>) -> Result<Representation, Refusal> {
    let name = decoded(names)?;
    let missing = || Refusal::Piece(name.clone());
    let digest = name.parse().or(Err(missing()))?;
    // The same bytes may be in several files; one of them may have changed without the others.
    for place in state.index.snapshot().piece(&digest) {
        let stored = place.file.clone();
        let Ok(Ok(open)) = spawn_blocking(move || stored.open()).await else {
            state.index.look_again(&place.file);
            continue;
        };
        return Ok(Representation {
            digest,
            length: place.length,
            content_type: HeaderValue::from_static("application/octet-stream"),
            cache_control: IMMUTABLE,
            fields: HeaderMap::new(),
            source: Source::File {
                open,
                stored: place.file.clone(),
                offset: place.offset,
                index: state.index.clone(),
                faults: state.faults.for_piece(&digest),
            },
            form: Form::Text,
        });
    }
    Err(missing())
}
