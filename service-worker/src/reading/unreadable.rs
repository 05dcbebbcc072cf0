//! Why a model cannot be read from the device.

use piece_store::StoreError;
use protocol::Refusal;
use thiserror::Error;
use wasm_bindgen::JsValue;

/// Why a model cannot be read from the device although it was ready.
#[derive(Debug, Error)]
pub(super) enum Unreadable {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A piece is not there any more, and could not be fetched again.
    #[error(transparent)]
    Piece(#[from] Refusal),
    /// The model was removed meanwhile.
    #[error("it was removed")]
    Removed,
    /// What was done beside others has failed, in its words.
    #[error("{0}")]
    Told(String),
}

impl From<JsValue> for Unreadable {
    fn from(error: JsValue) -> Self {
        error.as_string().map_or_else(|| Self::Store(error.into()), Self::Told)
    }
}
