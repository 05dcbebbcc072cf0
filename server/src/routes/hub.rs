//! The JSON routes for model-hub clients, and `/api/index`, which has the whole report of the index. Our
//! own pages do not request it: the server renders them from the same report. [`protocol::hub`] builds the
//! answers that the service worker gives too.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::Response;
use protocol::hub;
use protocol::routes::is_recursive;

use super::{Names, decoded, find_model, find_revision};
use crate::http::{
    ErrorFormat, NO_CACHE, Refusal, Representation, RepresentationHeaders, X_REPO_COMMIT, answer, repo_commit,
};
use crate::index::{Document, Model};
use crate::state::ServerState;

/// A document as something to send, to be asked about each time.
fn document(document: &Document, headers: HeaderMap) -> Representation {
    Representation::from(RepresentationHeaders {
        digest: document.digest,
        length: document.text.len() as u64,
        content_type: HeaderValue::from_static(document.content_type),
        cache_control: NO_CACHE,
        last_modified: None,
        others: headers,
        form: ErrorFormat::Json,
    })
}

pub(super) async fn index(State(state): State<ServerState>, method: Method, request: HeaderMap) -> Response {
    let snapshot = state.index.snapshot();
    send(&method, &request, snapshot.report_document(), HeaderMap::new())
}

pub(super) async fn model(
    State(state): State<ServerState>,
    method: Method,
    names: Names<(String, String)>,
    request: HeaderMap,
) -> Response {
    let found = decoded(names).and_then(|(owner, name)| find_model(&state.index.snapshot(), &owner, &name));
    match found {
        Ok(model) => send_of_model(&method, &request, &model, &model.info_document),
        Err(refusal) => refusal.answer(ErrorFormat::Json),
    }
}

pub(super) async fn revision(
    State(state): State<ServerState>,
    method: Method,
    names: Names<(String, String, String)>,
    request: HeaderMap,
) -> Response {
    let find = || {
        let (owner, name, revision) = decoded(names)?;
        let model = find_model(&state.index.snapshot(), &owner, &name)?;
        find_revision(&model, &revision)?;
        Ok(model)
    };
    match find() {
        Ok(model) => send_of_model(&method, &request, &model, &model.info_document),
        Err(refusal) => Refusal::answer(&refusal, ErrorFormat::Json),
    }
}

/// A model's branches and tags: there is one branch.
pub(super) async fn refs(
    State(state): State<ServerState>,
    method: Method,
    names: Names<(String, String)>,
    request: HeaderMap,
) -> Response {
    let find = || {
        let (owner, name) = decoded(names)?;
        let model = find_model(&state.index.snapshot(), &owner, &name)?;
        Ok((json(hub::refs(&model.manifest)), model))
    };
    match find() {
        Ok((refs, model)) => send_of_model(&method, &request, &model, &refs),
        Err(refusal) => Refusal::answer(&refusal, ErrorFormat::Json),
    }
}

pub(super) async fn tree(
    state: State<ServerState>,
    method: Method,
    uri: Uri,
    names: Names<(String, String, String)>,
    request: HeaderMap,
) -> Response {
    let names = decoded(names).map(|(owner, name, revision)| (owner, name, revision, String::new()));
    list(&state, &method, &uri, names, &request)
}

pub(super) async fn subtree(
    state: State<ServerState>,
    method: Method,
    uri: Uri,
    names: Names<(String, String, String, String)>,
    request: HeaderMap,
) -> Response {
    list(&state, &method, &uri, decoded(names), &request)
}

fn list(
    state: &ServerState,
    method: &Method,
    uri: &Uri,
    names: Result<(String, String, String, String), Refusal>,
    request: &HeaderMap,
) -> Response {
    let find = || {
        let (owner, name, revision, folder) = names?;
        let model = find_model(&state.index.snapshot(), &owner, &name)?;
        find_revision(&model, &revision)?;
        let path = folder.trim_end_matches('/');
        let missing = || Refusal::Entry {
            model: model.id().clone(),
            revision: model.revision(),
            path: path.to_owned(),
        };
        let folder = match path {
            "" => None,
            path => Some(path.parse().or(Err(missing()))?),
        };
        let recursive = is_recursive(uri.query().unwrap_or_default());
        let listing = hub::tree(&model.manifest, folder.as_ref(), recursive).ok_or_else(missing)?;
        Ok((json(listing), model))
    };
    match find() {
        Ok((listing, model)) => send_of_model(method, request, &model, &listing),
        Err(refusal) => Refusal::answer(&refusal, ErrorFormat::Json),
    }
}

fn json(text: String) -> Document {
    Document::new(text.into(), "application/json")
}

/// With further headers.
pub(super) fn send(method: &Method, request: &HeaderMap, text: &Document, headers: HeaderMap) -> Response {
    answer(method, request, document(text, headers), &text.text)
}

/// With the model's revision.
pub(super) fn send_of_model(
    method: &Method,
    request: &HeaderMap,
    model: &Model,
    about: &Document,
) -> Response {
    let headers = HeaderMap::from_iter([(X_REPO_COMMIT, repo_commit(&model.revision()))]);
    send(method, request, about, headers)
}
