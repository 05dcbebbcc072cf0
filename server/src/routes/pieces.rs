//! `/pieces/{sha256}`: one piece, whichever file contains it.
//!
//! No answer has `Accept-Ranges`, although ranges are supported. With that header, any navigation makes the
//! browser pause a background fetch for 30 seconds.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use protocol::Digest;

use super::{Names, decoded};
use crate::http::{
    ErrorFormat, IMMUTABLE, Refusal, Representation, RepresentationHeaders, Stored, answer_stored,
};
use crate::index::PieceAt;
use crate::state::ServerState;

pub(super) async fn get(
    State(state): State<ServerState>,
    names: Names<String>,
    request: Request,
) -> Response {
    let found = find(&state, names, &request.into_parts().0).await;
    state.allow_origin.mark(found.unwrap_or_else(|refusal| refusal.answer(ErrorFormat::Text)))
}

async fn find(state: &ServerState, names: Names<String>, request: &Parts) -> Result<Response, Refusal> {
    let name = decoded(names)?;
    let missing = || Refusal::Piece(name.clone());
    let digest = name.parse().or(Err(missing()))?;
    let snapshot = state.index.snapshot();
    let places = snapshot.piece(&digest);
    let representation = representation(digest, places.first().ok_or_else(missing)?);
    let stored = Stored { places, index: &state.index };
    answer_stored(request, representation, stored).await.or(Err(missing()))
}

fn representation(digest: Digest, place: &PieceAt) -> Representation {
    Representation::from(RepresentationHeaders {
        digest,
        length: place.length,
        content_type: HeaderValue::from_static("application/octet-stream"),
        cache_control: IMMUTABLE,
        last_modified: None,
        others: HeaderMap::new(),
        form: ErrorFormat::Text,
    })
}
