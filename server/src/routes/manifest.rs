//! `/api/models/{owner}/{name}/manifest/{revision}`: the files and pieces of a revision. The answer is
//! JSON. With the query `form=text` it has the form in which pages and workers store it, so they need no
//! JSON parser.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use protocol::routes;

use super::hub::send_of_model;
use super::{Names, decoded, find_model, find_revision};
use crate::http::{ErrorFormat, Refusal};
use crate::index::Model;
use crate::state::ServerState;

pub(super) async fn get(
    State(state): State<ServerState>,
    method: Method,
    names: Names<(String, String, String)>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Response {
    match find(&state, names) {
        // To be asked about each time, of a fixed revision too: how it is cut into pieces is a setting of the server's.
        Ok(model) if query.as_deref() == Some(routes::MANIFEST_AS_TEXT) => {
            send_of_model(&method, &request, &model, &model.manifest_text)
        }
        Ok(model) => send_of_model(&method, &request, &model, &model.manifest_document),
        Err(refusal) => refusal.answer(ErrorFormat::Json),
    }
}

fn find(state: &ServerState, names: Names<(String, String, String)>) -> Result<Arc<Model>, Refusal> {
    let (owner, name, revision) = decoded(names)?;
    let model = find_model(&state.index.snapshot(), &owner, &name)?;
    find_revision(&model, &revision)?;
    Ok(model)
}
