//! The JSON routes that model-hub clients ask, and `/api/index`, for people and programs that want the index's
//! whole report. Our own pages do not ask it: they are rendered with the report in hand.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::Response;
use protocol::routes::{MAIN, is_recursive};
use serde_json::{Value, json};

use super::{Names, decoded, find_model, find_revision};
use crate::http::{
    Form, NO_CACHE, Refusal, Representation, RepresentationHeaders, X_REPO_COMMIT, answer, repo_commit,
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
        form: Form::Json,
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
        Err(refusal) => refusal.answer(Form::Json),
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
        Err(refusal) => Refusal::answer(&refusal, Form::Json),
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
        let main =
            json!({ "name": MAIN, "ref": format!("refs/heads/{MAIN}"), "targetCommit": model.revision() });
        let refs = json!({ "branches": [main], "tags": [], "converts": [] });
        // Text keys only: it cannot fail.
        let refs = Document::of(&refs).or(Err(Refusal::Model(model.id().to_string())))?;
        Ok((refs, model))
    };
    match find() {
        Ok((refs, model)) => send_of_model(&method, &request, &model, &refs),
        Err(refusal) => Refusal::answer(&refusal, Form::Json),
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
        let folder = folder.trim_end_matches('/');
        let missing = || Refusal::Entry {
            model: model.id().clone(),
            revision: model.revision(),
            path: folder.to_owned(),
        };
        let entries =
            entries(&model, folder, is_recursive(uri.query().unwrap_or_default())).ok_or_else(missing)?;
        // Text keys only: it cannot fail.
        let listing = Document::of(&entries).or(Err(missing()))?;
        Ok((listing, model))
    };
    match find() {
        Ok((listing, model)) => send_of_model(method, request, &model, &listing),
        Err(refusal) => Refusal::answer(&refusal, Form::Json),
    }
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

/// The files and folders in `folder`, or also below it; `None` if there is no such folder.
///
/// `oid` should be a git object id. There is no git here, so it is the first 40 digits of the SHA-256, which
/// serves as well for telling contents apart; clients that verify use `lfs.oid`, the whole SHA-256.
fn entries(model: &Model, folder: &str, recursive: bool) -> Option<Vec<Value>> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut folders = BTreeSet::new();
    let mut entries = Vec::new();
    for file in &model.files {
        let Some(rest) = file.path.as_str().strip_prefix(&prefix) else {
            continue;
        };
        for (at, _) in rest.match_indices('/') {
            folders.insert(format!("{prefix}{}", &rest[..at]));
            if !recursive {
                break;
            }
        }
        if !recursive && rest.contains('/') {
            continue;
        }
        let (sha256, size) = (file.sha256.to_string(), file.fingerprint.size);
        entries.push(json!({
            "type": "file",
            "path": file.path,
            "size": size,
            "oid": &sha256[..40],
            "lfs": { "oid": sha256, "size": size, "pointerSize": 0 },
        }));
    }
    if entries.is_empty() && folders.is_empty() {
        return None;
    }
    let oid = model.revision().to_string();
    let folder_entry = |path| json!({ "type": "directory", "path": path, "size": 0, "oid": oid });
    let mut all: Vec<Value> = folders.into_iter().map(folder_entry).collect();
    all.extend(entries);
    Some(all)
}
