//! `/api/models/{owner}/{name}/manifest/{revision}`: what a model is made of, down to its pieces. As JSON, and with the
//! query `form=text` as pages and workers store it, so that they need no code to read JSON.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use protocol::routes;

use super::hub::document;
use super::{Names, decoded, find_model, find_revision};
use crate::ServerState;
use crate::http::{Form, NO_CACHE, Refusal, Representation, X_REPO_COMMIT, answer, ascii};

pub(super) async fn get(
    State(state): State<ServerState>,
    method: Method,
    names: Names<(String, String, String)>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Response {
    match find(&state, names, query.as_deref()) {
        Ok(representation) => answer(&method, &request, representation),
        Err(refusal) => refusal.answer(Form::Json),
    }
}

fn find(
    state: &ServerState,
    names: Names<(String, String, String)>,
    query: Option<&str>,
) -> Result<Representation, Refusal> {
    let (owner, name, revision) = decoded(names)?;
    let model = find_model(&state.index.snapshot(), &owner, &name)?;
    find_revision(&model, &revision)?;
    let text = query == Some(routes::MANIFEST_AS_TEXT);
    let form = if text { &model.manifest_text } else { &model.manifest_document };
    let commit = ascii(&model.revision().to_string());
    Ok(Representation {
        // Of a fixed revision too: how it is cut into pieces is a setting of the server's.
        cache_control: NO_CACHE,
        fields: HeaderMap::from_iter([(X_REPO_COMMIT, commit)]),
        ..document(form)
    })
}
