//! `/{owner}/{name}/resolve/{revision}/{path}`: one file of a model.

use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use protocol::routes;

use super::{Named, Names, decoded, find_model, find_revision};
use crate::http::{
    ErrorFormat, IMMUTABLE, NO_CACHE, Refusal, Representation, RepresentationHeaders, Stored, X_REPO_COMMIT,
    answer_stored, ascii, content_type, repo_commit,
};
use crate::index::{Model, PieceAt, StoredFile};
use crate::state::ServerState;

pub(super) async fn get(
    State(state): State<ServerState>,
    names: Names<(String, String, String, String)>,
    request: Request,
) -> Response {
    let found = find(&state, names, &request.into_parts().0).await;
    state.allow_origin.mark(found.unwrap_or_else(|refusal| refusal.answer(ErrorFormat::Text)))
}

/// `/{name}/resolve/{revision}/{path}`: on hubs, the oldest models have no owner, and here none is.
pub(super) async fn without_owner(
    state: State<ServerState>,
    names: Names<(String, String, String)>,
    request: Request,
) -> Response {
    let refusal = match decoded(names) {
        Ok((name, revision, path)) => match path.split_once('/') {
            // A model may be called `resolve` itself.
            Some((inner, path)) if matches!(&revision[..], "resolve" | "raw") => {
                let names = (name, "resolve".to_owned(), inner.to_owned(), path.to_owned());
                return get(state, Ok(Path(names)), request).await;
            }
            Some(_) | None => Refusal::Model(name),
        },
        Err(refusal) => refusal,
    };
    state.allow_origin.mark(refusal.answer(ErrorFormat::Text))
}

async fn find(
    state: &ServerState,
    names: Names<(String, String, String, String)>,
    request: &Parts,
) -> Result<Response, Refusal> {
    let (owner, name, revision, path) = decoded(names)?;
    let model = find_model(&state.index.snapshot(), &owner, &name)?;
    let named = find_revision(&model, &revision)?;
    let missing =
        || Refusal::Entry { model: model.id().clone(), revision: model.revision(), path: path.clone() };
    let file = model.file(&path).ok_or_else(missing)?;
    if named == Named::Moving {
        let location = routes::resolve(model.id(), model.revision(), &file.path);
        return Ok(redirect(&model, location, request.uri.query()));
    }
    let places = [PieceAt::whole(file)];
    let stored = Stored { places: &places, index: &state.index };
    answer_stored(request, representation(&model, file), stored).await.or(Err(missing()))
}

fn representation(model: &Model, file: &StoredFile) -> Representation {
    Representation::from(RepresentationHeaders {
        digest: file.sha256,
        length: file.fingerprint.size,
        content_type: content_type(file.path.file_name()),
        cache_control: IMMUTABLE,
        last_modified: file.last_modified(),
        others: HeaderMap::from_iter([
            (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
            (X_REPO_COMMIT, repo_commit(&model.revision())),
        ]),
        form: ErrorFormat::Text,
    })
}

/// From `main` to the revision of now: whatever is resumed later, is resumed from the same bytes. The location
/// is relative, so that it holds behind any proxy.
fn redirect(model: &Model, mut location: String, query: Option<&str>) -> Response {
    if let Some(query) = query {
        // Some clients send bytes that are no ASCII as they are, which a header cannot say.
        write!(location, "?{}", utf8_percent_encode(query, CONTROLS)).ok();
    }
    let fields = [
        (header::LOCATION, ascii(location)),
        (header::CACHE_CONTROL, NO_CACHE),
        (X_REPO_COMMIT, repo_commit(&model.revision())),
    ];
    (StatusCode::TEMPORARY_REDIRECT, fields, Body::empty()).into_response()
}
