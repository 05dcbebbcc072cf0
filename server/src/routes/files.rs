//! `/{owner}/{name}/resolve/{revision}/{path}`: one file of a model.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use protocol::routes;

use super::{Named, Names, decoded, find_model, find_revision};
use crate::ServerState;
use crate::http::{
    Form, Handover, IMMUTABLE, NO_CACHE, Refusal, Representation, Stored, X_REPO_COMMIT, answer_stored,
    ascii, content_type,
};
use crate::index::{Model, PieceAt};

pub(super) async fn get(
    State(state): State<ServerState>,
    method: Method,
    uri: Uri,
    names: Names<(String, String, String, String)>,
    handover: Option<Extension<Handover>>,
    request: HeaderMap,
) -> Response {
    let asked = Asked { method, uri, handover: handover.map(|Extension(handover)| handover), request };
    match find(&state, names, &asked).await {
        Ok(response) => response,
        Err(refusal) => refusal.answer(Form::Text),
    }
}

/// The request, without what its path names.
struct Asked {
    method: Method,
    uri: Uri,
    handover: Option<Handover>,
    request: HeaderMap,
}

async fn find(
    state: &ServerState,
    names: Names<(String, String, String, String)>,
    asked: &Asked,
) -> Result<Response, Refusal> {
    let (owner, name, revision, path) = decoded(names)?;
    let model = find_model(&state.index.snapshot(), &owner, &name)?;
    let named = find_revision(&model, &revision)?;
    let missing =
        || Refusal::Entry { model: model.id().clone(), revision: model.revision(), path: path.clone() };
    let file = model.file(&path).ok_or_else(missing)?;
    if named == Named::Moving {
        let location = routes::resolve(model.id(), model.revision(), &file.path);
        return Ok(redirect(&model, location, asked.uri.query()));
    }
    let mut fields = HeaderMap::from_iter([
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (X_REPO_COMMIT, ascii(&model.revision().to_string())),
    ]);
    if let Some(date) = file.last_modified() {
        fields.insert(header::LAST_MODIFIED, ascii(&httpdate::fmt_http_date(date)));
    }
    let length = file.fingerprint.size;
    let representation = Representation {
        digest: file.sha256,
        length,
        content_type: content_type(file.path.file_name()),
        cache_control: IMMUTABLE,
        fields,
        form: Form::Text,
    };
    let stored = Stored {
        places: &[PieceAt { file: Arc::clone(file), offset: 0, length }],
        index: &state.index,
        handover: asked.handover.as_ref(),
        faults: state.faults.for_file(),
    };
    answer_stored(&asked.method, &asked.request, &representation, stored).await.or(Err(missing()))
}

/// From `main` to the revision of now: whatever is resumed later, is resumed from the same bytes. The location
/// is relative, so that it holds behind any proxy.
fn redirect(model: &Model, mut location: String, query: Option<&str>) -> Response {
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    let fields = [
        (header::LOCATION, ascii(&location)),
        (header::CACHE_CONTROL, NO_CACHE),
        (X_REPO_COMMIT, ascii(&model.revision().to_string())),
    ];
    (StatusCode::TEMPORARY_REDIRECT, fields, Body::empty()).into_response()
}
