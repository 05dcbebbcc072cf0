//! The state that all routes share.

use std::path::Path;
use std::sync::Arc;

use crate::http::{AccessLog, AllowedOrigins, Observers, PageIsolation};
use crate::index::Index;
use crate::metrics::Metrics;

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

    /// Where requests are written down.
    pub(crate) fn observers(&self) -> Observers {
        Observers { log: self.access_log.clone(), metrics: self.metrics.clone() }
    }
}
