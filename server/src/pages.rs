//! The pages. Not here yet: until then every URL that no other route knows is missing.

use axum::Router;

use crate::{ServerState, routes};

/// What is served at all URLs that [`crate::routes`] leaves.
pub(crate) fn pages(_state: &ServerState) -> Router {
    Router::new().fallback(routes::unknown)
}
