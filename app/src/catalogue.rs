//! What the server has: read from memory while rendering, over HTTP in the browser.

use protocol::{IndexReport, ModelId, ModelInfo};
use serde::{Deserialize, Serialize};

#[cfg(feature = "hydrate")]
mod http;
#[cfg(feature = "ssr")]
mod memory;
#[cfg(not(any(feature = "hydrate", feature = "ssr")))]
mod nowhere;

#[cfg(feature = "hydrate")]
use http as source;
#[cfg(all(feature = "ssr", not(feature = "hydrate")))]
use memory as source;
#[cfg(not(any(feature = "hydrate", feature = "ssr")))]
use nowhere as source;

#[cfg(feature = "ssr")]
pub use memory::{Catalogue, CatalogueSource};

/// Why there are no data.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum CatalogueError {
    /// The server does not have it.
    Missing,
    /// The server did not answer, or not in a way that is understood.
    Unreachable,
}

/// All that the server's index knows.
///
/// # Errors
/// [`CatalogueError::Unreachable`].
pub(crate) async fn report() -> Result<IndexReport, CatalogueError> {
    source::report().await
}

/// One model.
///
/// # Errors
/// [`CatalogueError`].
pub(crate) async fn model(id: ModelId) -> Result<ModelInfo, CatalogueError> {
    source::model(id).await
}
