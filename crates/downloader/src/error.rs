//! Why a model could not be removed.

use piece_store::StoreError;

use crate::ports::OpenError;

/// Why a model could not be removed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RemoveError {
    /// This window has no store, or not now.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is stored could not be changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
