//! The server's models, as the pages show them.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use model_headers::Inspection;
use protocol::{IndexReport, ModelId, ModelInfo};

/// What the server gives to the pages.
pub trait CatalogueSource: Send + Sync {
    /// All that the index knows.
    fn report(&self) -> Arc<IndexReport>;
    /// One model, if it can be had.
    fn model(&self, id: &ModelId) -> Option<ModelInfo>;
    /// What its files tell of it. Takes as long as reading their headers, once.
    fn inspection(&self, id: &ModelId) -> Looking;
}

/// A look into a model's files; nothing if the model has gone meanwhile.
pub type Looking = Pin<Box<dyn Future<Output = Option<Arc<Inspection>>> + Send>>;

/// The source, as the server provides it in the context of a request.
#[derive(Clone)]
pub struct Catalogue(pub Arc<dyn CatalogueSource>);

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Catalogue")
    }
}
