//! `/{owner}/{name}/resolve/{revision}/{path}`: one file of a model.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use protocol::routes;
use tokio::task::spawn_blocking;

use super::{Named, Names, decoded, find_model, find_revision};
use crate::ServerState;
use crate::http::{
    Form, IMMUTABLE, NO_CACHE, Refusal, Representation, Source, X_REPO_COMMIT, answer, ascii, content_type,
};
use crate::index::Model;

pub(super) async fn get(
    State(state): State<ServerState>,
    method: Method,
    uri: Uri,
    names: Names<(String, String, String, String)>,
    request: HeaderMap,
) -> Response {
    match find(&state, names, uri.query()).await {
        Ok(Found::Elsewhere(response)) => response,
        Ok(Found::Here(representation)) => answer(&method, &request, *representation),
        Err(refusal) => refusal.answer(Form::Text),
    }
}

enum Found {
    /// At the URL of its revision.
    Elsewhere(Response),
    Here(Box<Representation>),
}

async fn find(
    state: &ServerState,
    names: Names<(String, String, String, String)>,
    query: Option<&str>,
) -> Result<Found, Refusal> {
    let (owner, name, revision, path) = decoded(names)?;
    let model = find_model(&state.index.snapshot(), &owner, &name)?;
    let named = find_revision(&model, &revision)?;
    let missing =
        || Refusal::Entry { model: model.id().clone(), revision: model.revision(), path: path.clone() };
    let file = model.file(&path).ok_or_else(missing)?;
    if named == Named::Moving {
        let location = routes::resolve(model.id(), model.revision(), &file.path);
        return Ok(Found::Elsewhere(redirect(&model, location, query)));
    }
    let stored = Arc::clone(file);
    let opened = spawn_blocking(move || stored.open()).await;
    let Ok(Ok(open)) = opened else {
        state.index.look_again(file);
        return Err(missing());
    };
    let mut fields = HeaderMap::from_iter([
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (X_REPO_COMMIT, ascii(&model.revision().to_string())),
    ]);
    if let Some(date) = file.last_modified() {
        fields.insert(header::LAST_MODIFIED, ascii(&httpdate::fmt_http_date(date)));
    }
    Ok(Found::Here(Box::new(Representation {
        digest: file.sha256,
        length: file.fingerprint.size,
        content_type: content_type(file.path.file_name()),
        cache_control: IMMUTABLE,
        fields,
        source: Source::File {
            open,
            stored: Arc::clone(file),
            offset: 0,
            index: state.index.clone(),
            faults: state.faults.for_file(),
        },
        form: Form::Text,
    })))
}

/// From `main` to the revision of now: whatever is resumed later, is resumed from the same bytes. The location
/// is relative, so that it holds behind any proxy.
fn redirect(model: &Model, mut location: String, query: Option<&str>) -> Response {
    if let Some(query) = query {
        // Some clients send bytes that are no ASCII as they are, which a field cannot say.
        write!(location, "?{}", utf8_percent_encode(query, CONTROLS)).ok();
    }
    let fields = [
        (header::LOCATION, ascii(&location)),
        (header::CACHE_CONTROL, NO_CACHE),
        (X_REPO_COMMIT, ascii(&model.revision().to_string())),
    ];
    (StatusCode::TEMPORARY_REDIRECT, fields, Body::empty()).into_response()
}
