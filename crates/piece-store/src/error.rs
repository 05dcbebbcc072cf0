//! The errors of the store. Each kind says what the caller may do about it.

use protocol::download::Cause;
use protocol::{Digest, Refusal};
use thiserror::Error;
use wasm_bindgen::{JsCast as _, JsValue};

/// A failure of the store itself.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
#[error("{kind}: {message}")]
pub struct StoreError {
    /// What the caller may do about it.
    pub kind: StoreErrorKind,
    /// The browser's own words, for a log.
    pub message: String,
}

/// Kinds of [`StoreError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, Error)]
pub enum StoreErrorKind {
    /// This context has no Cache API or no Web Crypto. Nothing can be kept here.
    #[error("the store is not supported here")]
    Unsupported,
    /// No room. May work after something was deleted.
    #[error("no room on the device")]
    NoRoom,
    /// Anything else, such as a disk error. May work later.
    #[error("the store failed")]
    Other,
}

impl StoreError {
    pub(crate) fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// Total: whatever the browser throws becomes an error with a kind.
impl From<JsValue> for StoreError {
    fn from(value: JsValue) -> Self {
        let exception = value.dyn_ref::<web_sys::DomException>();
        let kind = match exception.map(web_sys::DomException::name).as_deref() {
            Some("QuotaExceededError") => StoreErrorKind::NoRoom,
            // Firefox refuses storage in some private windows in this way.
            Some("SecurityError") => StoreErrorKind::Unsupported,
            _ => StoreErrorKind::Other,
        };
        let message = match (exception, value.dyn_ref::<js_sys::Error>()) {
            (Some(exception), _) => format!("{}: {}", exception.name(), exception.message()),
            (None, Some(error)) => String::from(error.to_string()),
            (None, None) => value.as_string().unwrap_or_default(),
        };
        Self { kind, message }
    }
}

/// Why a piece was not admitted.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum AdmitError {
    /// The bytes are not the piece: their SHA-256 is `found`.
    #[error("expected piece {expected}, the bytes are {found}")]
    Mismatch {
        /// The digest they were offered under.
        expected: Digest,
        /// The digest they have.
        found: Digest,
    },
    /// The store failed; the bytes may well be right.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error.kind {
            StoreErrorKind::NoRoom => Self::NoRoom,
            StoreErrorKind::Unsupported | StoreErrorKind::Other => Self::Storage,
        }
    }
}

impl From<StoreError> for Cause {
    fn from(error: StoreError) -> Self {
        match error.kind {
            StoreErrorKind::NoRoom => Self::NoRoom,
            StoreErrorKind::Unsupported | StoreErrorKind::Other => Self::Storage,
        }
    }
}

impl From<AdmitError> for Refusal {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Mismatch { .. } => Self::Mismatch,
            AdmitError::Store(error) => error.into(),
        }
    }
}
