//! Neither in a server nor in a browser: only so that the crate compiles without features.

use protocol::{IndexReport, ModelId, ModelInfo};

use super::CatalogueError;

pub(super) async fn report() -> Result<IndexReport, CatalogueError> {
    Err(CatalogueError::Unreachable)
}

pub(super) async fn model(_id: ModelId) -> Result<ModelInfo, CatalogueError> {
    Err(CatalogueError::Unreachable)
}
