//! All routes together, and what happens to every request.

use axum::Router;
use axum::middleware::from_fn_with_state;
use tower::layer::layer_fn;
use tower_http::catch_panic::CatchPanicLayer;

use crate::state::ServerState;
use crate::{http, pages, routes};

/// The whole server, as a router; [`crate::Site`] is the same, and faster.
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
