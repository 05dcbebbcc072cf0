//! How much storage a download needs, and how much is free.

use crate::ModelId;

/// Background Fetch keeps a download in up to three places at once: the download itself, the browser's copy of it,
/// and ours.
pub const BACKGROUND_COPIES: u64 = 3;

/// What is known of the storage on this device. A browser's figures are estimates on purpose.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct StorageQuota {
    /// Bytes this site may still store; `None` if the browser does not tell.
    pub free: Option<u64>,
    /// Whether the browser has promised not to remove what is stored; `None` if it does not tell.
    pub persisted: Option<bool>,
    /// Other models that are stored, whole or in part, with the bytes kept of each. They could be deleted.
    pub others: Vec<(ModelId, u64)>,
}

impl StorageQuota {
    /// Whether this many bytes fit, as far as is known.
    #[must_use]
    pub fn fits(&self, bytes: u64) -> bool {
        self.free.is_none_or(|free| bytes <= free)
    }
}
