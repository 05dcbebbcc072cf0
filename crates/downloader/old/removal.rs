//! Removes a model altogether, whatever is going on with it.

use std::fmt;

use piece_store::StoreError;
use protocol::download::{Cause, Lack};
use protocol::{FromWorker, ModelId};

use crate::browser::{Device, NoDevice};
use crate::{driver, news, survey};

/// Why a model could not be removed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RemoveError {
    /// This window cannot keep models, so it cannot remove any.
    Unsupported(Lack),
    /// Worker or store could not be had now.
    Unopened(Cause),
    /// What is stored could not be changed.
    Store(StoreError),
}

impl fmt::Display for RemoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(lack) => write!(f, "this window cannot keep models: {lack:?}"),
            Self::Unopened(cause) => write!(f, "this window's store could not be opened: {cause:?}"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RemoveError {}

/// Removes all revisions of a model. Background fetches of it are ended; other pages that fetch it are told, and stop.
///
/// # Errors
/// When there is no store, or it could not be changed. What was removed until then stays removed.
pub async fn remove(model: &ModelId) -> Result<(), RemoveError> {
    let device = Device::open().await.map_err(|error| match error {
        NoDevice::Lacks(lack) => RemoveError::Unsupported(lack),
        NoDevice::Failed(cause) => RemoveError::Unopened(cause),
    })?;
    news::listen();
    survey::abort(&device, model, |_| true).await;
    let removed = driver::in_turn(async { device.store.remove(model).await }).await;
    let message = FromWorker::Changed { model: model.clone() };
    news::tell(&message);
    driver::deliver(&message);
    removed.map_err(RemoveError::Store)
}
