//! The server's side: its index, handed over as context.

use std::fmt;
use std::sync::Arc;

use leptos::prelude::use_context;
use protocol::{IndexReport, ModelId, ModelInfo};

use super::CatalogueError;

/// What the server gives to the pages.
pub trait CatalogueSource: Send + Sync {
    /// All that the index knows.
    fn report(&self) -> IndexReport;
    /// One model, if it can be had.
    fn model(&self, id: &ModelId) -> Option<ModelInfo>;
}

/// The source, as the server provides it in the context of a request.
#[derive(Clone)]
pub struct Catalogue(pub Arc<dyn CatalogueSource>);

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Catalogue")
    }
}

fn source() -> Result<Arc<dyn CatalogueSource>, CatalogueError> {
    // Absent only while the routes are listed at start.
    use_context::<Catalogue>().map(|catalogue| catalogue.0).ok_or(CatalogueError::Unreachable)
}

pub(super) async fn report() -> Result<IndexReport, CatalogueError> {
    Ok(source()?.report())
}

pub(super) async fn model(id: ModelId) -> Result<ModelInfo, CatalogueError> {
    source()?.model(&id).ok_or(CatalogueError::Missing)
}
