//! Which URL is what. Each route looks things up in the index and leaves the rest to [`crate::http`].

mod files;
mod health;
mod hub;
mod manifest;
mod pieces;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{Method, Uri, header};
use axum::response::Response;
use axum::routing::get;
use protocol::ModelId;
use tower_http::cors::{Any, CorsLayer};

use crate::ServerState;
use crate::http::{EXPOSED, Form, Refusal};
use crate::index::{Model, Snapshot};

pub(crate) use worker::worker;

/// The routes that have to do with models. They may be read from every origin: what they give is public.
pub(crate) fn models(state: ServerState) -> Router {
    let cross_origin = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([
            header::RANGE,
            header::IF_RANGE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::AUTHORIZATION,
        ])
        .expose_headers(EXPOSED)
        .max_age(Duration::from_secs(86_400))
        // The answer to `*` does not depend on who asks.
        .vary([]);
    Router::new()
        .route("/{owner}/{name}/resolve/{revision}/{*path}", get(files::get))
        .route("/pieces/{digest}", get(pieces::get))
        .route("/api/index", get(hub::index))
        .route("/api/models", get(hub::models))
        .route("/api/models/{owner}/{name}", get(hub::model))
        .route("/api/models/{owner}/{name}/revision/{revision}", get(hub::revision))
        .route("/api/models/{owner}/{name}/tree/{revision}", get(hub::tree))
        .route("/api/models/{owner}/{name}/tree/{revision}/{*path}", get(hub::subtree))
        .route("/api/models/{owner}/{name}/manifest/{revision}", get(manifest::get))
        .route("/api", get(unknown_api))
        .route("/api/{*path}", get(unknown_api))
        .route("/pieces/{digest}/{*path}", get(unknown))
        .layer(cross_origin)
        .route("/healthz", get(health::get))
        .with_state(state)
}

/// The answer to any URL that no route knows.
pub(crate) async fn unknown(uri: Uri) -> Response {
    Refusal::Route(uri.path().to_owned()).answer(Form::Text)
}

async fn unknown_api(uri: Uri) -> Response {
    Refusal::Route(uri.path().to_owned()).answer(Form::Json)
}

/// The decoded names of a URL, or none because it cannot be decoded.
type Names<T> = Result<Path<T>, PathRejection>;

fn decoded<T>(names: Names<T>) -> Result<T, Refusal> {
    match names {
        Ok(Path(names)) => Ok(names),
        Err(_) => Err(Refusal::Undecodable),
    }
}

fn find_model(snapshot: &Snapshot, owner: &str, name: &str) -> Result<Arc<Model>, Refusal> {
    let missing = || Refusal::Model(format!("{owner}/{name}"));
    let id = ModelId::new(owner, name).or(Err(missing()))?;
    match snapshot.models().get(&id) {
        Some(model) => Ok(Arc::clone(model)),
        None if snapshot.report().pending.contains(&id) => Err(Refusal::Pending(id)),
        None => Err(missing()),
    }
}

/// What a URL's revision means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Named {
    /// Whatever is current, `main`.
    Moving,
    /// This very revision, which is the current one.
    Fixed,
}

fn find_revision(model: &Model, revision: &str) -> Result<Named, Refusal> {
    if revision == protocol::routes::MAIN {
        return Ok(Named::Moving);
    }
    if revision.parse() == Ok(model.revision()) {
        return Ok(Named::Fixed);
    }
    Err(Refusal::Revision { model: model.id().clone(), revision: revision.to_owned() })
}
