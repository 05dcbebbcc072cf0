//! Hosts a folder of models: files, pieces, the hub's API and the pages.
//!
//! The server is a value, [`Site`], made of an [`index::Index`] (what there is) and routes (how to ask for
//! it); the binary only listens.

mod anatomy;
pub mod config;
pub mod connections;
pub mod error;
mod http;
pub mod index;
mod kernel;
pub mod logging;
pub mod metrics;
mod pages;
mod routes;
pub mod serve;
mod site;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tower::layer::layer_fn;
use tower_http::catch_panic::CatchPanicLayer;

use http::Observers;
use index::Index;
use metrics::Metrics;

pub use http::{AccessLog, AllowedOrigins, PageIsolation};
pub use site::Site;

/// What the routes share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServerState {
    /// The models.
    pub index: Index,
    /// Where requests are logged, if anywhere.
    pub access_log: Option<AccessLog>,
    /// Where requests are counted, if anywhere.
    pub metrics: Option<Metrics>,
    /// Whose pages may read models and pieces.
    pub allow_origin: AllowedOrigins,
    /// How our own pages are isolated from other origins.
    pub page_isolation: PageIsolation,
    /// Folder with other files for the pages than those that this program embeds.
    pub site: Option<Arc<Path>>,
}

impl ServerState {
    /// A state that logs and counts no requests.
    #[must_use]
    pub fn new(index: Index) -> Self {
        Self {
            index,
            access_log: None,
            metrics: None,
            allow_origin: AllowedOrigins::Everyone,
            page_isolation: PageIsolation::RequireCorp,
            site: None,
        }
    }

    fn observers(&self) -> Observers {
        Observers { log: self.access_log.clone(), metrics: self.metrics.clone() }
    }
}

/// The whole server, as a router; [`Site`] is the same, and faster.
pub fn router(state: ServerState) -> Router {
    let observers = state.observers();
    // Layers go around everything merged before them, the first one outermost: pages are logged like files. All at once, since
    // each layer by itself costs every request an allocation.
    pages::pages(&state).merge(routes::models(state)).layer((
        from_fn_with_state(observers, http::observe),
        CatchPanicLayer::new(),
        layer_fn(http::OnlyReads),
    ))
}
