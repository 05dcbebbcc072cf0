//! Why a model could not be removed.

use piece_store::StoreError;
use protocol::download::{Cause, MissingCapability};

use crate::ports::OpenError;

/// Why a model could not be removed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RemoveError {
    /// This window cannot keep models, so it cannot remove any.
    #[error("this window cannot keep models")]
    Unsupported(MissingCapability),
    /// Worker or store could not be had now.
    #[error("this window's store could not be opened")]
    Unopened(Cause),
    /// What is stored could not be changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OpenError> for RemoveError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Unsupported(missing) => Self::Unsupported(missing),
            OpenError::Failed(cause) => Self::Unopened(cause),
        }
    }
}
