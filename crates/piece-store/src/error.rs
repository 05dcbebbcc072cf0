//! What can go wrong, by what the caller may do about it.

use std::fmt;

use protocol::download::Cause;
use protocol::{Digest, Refusal};
use wasm_bindgen::{JsCast as _, JsValue};

/// A failure of the store itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoreError {
    /// What the caller may do about it.
    pub kind: StoreErrorKind,
    /// The browser's own words, for a log.
    pub message: String,
}

/// Kinds of [`StoreError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StoreErrorKind {
    /// This context has no Cache API or no Web Crypto. Nothing can be kept here.
    Unsupported,
    /// No room. May work after something was deleted.
    NoRoom,
    /// Anything else, such as a disk error. May work later.
    Other,
}

impl StoreError {
    pub(crate) fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            StoreErrorKind::Unsupported => write!(f, "the store is not supported here: {}", self.message),
            StoreErrorKind::NoRoom => write!(f, "no room on the device: {}", self.message),
            StoreErrorKind::Other => write!(f, "the store failed: {}", self.message),
        }
    }
}

impl std::error::Error for StoreError {}

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
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AdmitError {
    /// The bytes are not the piece: their SHA-256 is `found`.
    Mismatch {
        /// The digest they were offered under.
        expected: Digest,
        /// The digest they have.
        found: Digest,
    },
    /// The store failed; the bytes may well be right.
    Store(StoreError),
}

impl fmt::Display for AdmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch { expected, found } => {
                write!(f, "expected piece {expected}, the bytes are {found}")
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AdmitError {}

impl From<StoreError> for AdmitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
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
