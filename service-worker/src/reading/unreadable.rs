//! Why a model cannot be read from the device.

use std::fmt;

use piece_store::StoreError;
use protocol::Refusal;
use wasm_bindgen::JsValue;

/// Why a model cannot be read from the device although it was ready.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The store failed.
    Store(StoreError),
    /// A piece is not there any more, and could not be fetched again.
    Piece(Refusal),
    /// The model was removed meanwhile.
    Removed,
    /// What was done beside others has failed, in its words.
    Told(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Piece(refusal) => refusal.fmt(f),
            Self::Removed => f.write_str("it was removed"),
            Self::Told(words) => f.write_str(words),
        }
    }
}

impl From<StoreError> for Unreadable {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for Unreadable {
    fn from(refusal: Refusal) -> Self {
        Self::Piece(refusal)
    }
}

impl From<JsValue> for Unreadable {
    fn from(error: JsValue) -> Self {
        error.as_string().map_or_else(|| Self::Store(error.into()), Self::Told)
    }
}
