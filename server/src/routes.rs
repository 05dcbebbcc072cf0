//! Maps URLs to handlers. Each route looks things up in the index and leaves the rest to [`crate::http`].

mod files;
mod health;
mod hub;
mod inference;
mod listing;
mod manifest;
mod module;
mod packed;
mod pieces;
mod web_manifest;
mod worker;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::handler::Handler;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use protocol::ModelId;

use crate::http::{AllowedOrigins, ErrorFormat, Refusal};
use crate::index::{Model, Snapshot};
use crate::state::ServerState;

pub(crate) use inference::inference;
pub(crate) use module::module;
pub(crate) use packed::{File, Parts as ProgramParts};
pub(crate) use web_manifest::web_manifest;
pub(crate) use worker::Worker;

/// The wasm modules that pages load on demand.
pub(crate) fn programs() -> [ProgramParts; 2] {
    [inference::parts(), module::parts()]
}

/// The routes of models. Every origin may read them, unless the configuration says otherwise: their content is public.
pub(crate) fn models(state: ServerState) -> Router {
    Router::new()
        .route("/api/index", get(hub::index))
        .route("/api/models", get(listing::get))
        .route("/api/models/{owner}/{name}", get(hub::model))
        .route("/api/models/{owner}/{name}/revision/{revision}", get(hub::revision))
        .route("/api/models/{owner}/{name}/tree/{revision}", get(hub::tree))
        .route("/api/models/{owner}/{name}/tree/{revision}/{*path}", get(hub::subtree))
        .route("/api/models/{owner}/{name}/refs", get(hub::refs))
        .route("/api/models/{owner}/{name}/manifest/{revision}", get(manifest::get))
        .route("/api/models/{name}", get(without_owner))
        .route("/api", get(unknown_api))
        .route("/api/{*path}", get(unknown_api))
        .route("/pieces/{digest}/{*path}", get(unknown))
        .layer((state.allow_origin.layer(), state.allow_origin.resource_policy()))
        .route("/healthz", get(health::get))
        .route("/{owner}/{name}/resolve/{revision}/{*path}", bytes(&state, files::get))
        .route("/{name}/resolve/{revision}/{*path}", bytes(&state, files::without_owner))
        // Hubs answer with a pointer there if a file is large. This server has no such pointers.
        .route("/{owner}/{name}/raw/{revision}/{*path}", bytes(&state, files::get))
        .route("/pieces/{digest}", bytes(&state, pieces::get))
        .with_state(state)
}

/// A route of files or pieces: most requests are for these. Layers box every request and its future, so GET and HEAD have none.
/// The handler adds the CORS headers instead ([`AllowedOrigins::mark`]), unless these depend on the origin of the request.
fn bytes<H, T>(state: &ServerState, handler: H) -> MethodRouter<ServerState>
where
    H: Handler<T, ServerState>,
    T: 'static,
{
    let layers = (state.allow_origin.layer(), state.allow_origin.resource_policy());
    match state.allow_origin {
        AllowedOrigins::Everyone | AllowedOrigins::Nobody => {
            MethodRouter::<ServerState, Infallible>::new().layer::<_, Infallible>(layers).get(handler)
        }
        AllowedOrigins::These(_) => get(handler).layer(layers),
    }
}

/// The answer to any URL that no route knows.
pub(crate) async fn unknown(uri: Uri) -> Response {
    Refusal::Route(uri.path().to_owned()).answer(ErrorFormat::Text)
}

/// On hubs, the oldest models have no owner, so hub clients ask for such names.
async fn without_owner(name: Names<String>) -> Response {
    let refusal = decoded(name).map_or_else(|refusal| refusal, Refusal::Model);
    refusal.answer(ErrorFormat::Json)
}

async fn unknown_api(uri: Uri) -> Response {
    let refusal = match uri.path().split('/').collect::<Vec<_>>()[..] {
        ["", "api", "models", name, "revision" | "tree" | "manifest", _, ..] => {
            Refusal::Model(name.to_owned())
        }
        [..] => Refusal::Route(uri.path().to_owned()),
    };
    refusal.answer(ErrorFormat::Json)
}

/// The decoded path parameters of a URL, or why it cannot be decoded.
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
