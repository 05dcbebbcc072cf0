//! Why something could not be done, as the page is told.

use std::fmt;

use js_sys::{Object, Reflect};
use piece_store::{StoreError, StoreErrorKind};
use protocol::{ModelId, NameError, Revision, routes};
use wasm_bindgen::JsValue;

/// What went wrong, and of which model.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failure {
    pub code: Code,
    pub message: String,
    pub model: Option<ModelId>,
    pub revision: Option<Revision>,
}

/// What a program can do something about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Code {
    /// What was given is no name, or no revision.
    Invalid,
    /// There is no room on the device.
    NoRoom,
    /// The store cannot be read or written.
    Storage,
    /// This window cannot keep anything.
    Unsupported,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "invalid",
            Self::NoRoom => "no-room",
            Self::Storage => "storage",
            Self::Unsupported => "unsupported",
        })
    }
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), model: None, revision: None }
    }

    /// Says what it is about.
    pub(crate) fn of(self, model: &ModelId, revision: Option<Revision>) -> Self {
        Self { model: Some(model.clone()), revision, ..self }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match error.kind {
            StoreErrorKind::Unsupported => Code::Unsupported,
            StoreErrorKind::NoRoom => Code::NoRoom,
            StoreErrorKind::Other => Code::Storage,
        };
        Self::new(code, error.to_string())
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        let Failure { code, message, model, revision } = failure;
        object(&[
            ("code", code.to_string().into()),
            ("message", message.into()),
            ("model", model.map(|model| model.to_string()).into()),
            ("revision", revision.map(|revision| revision.to_string()).into()),
        ])
    }
}

/// A plain object.
pub(crate) fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // An object that was just made takes everything.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}

/// Reads a model's name.
pub(crate) fn model(text: &str) -> Result<ModelId, Failure> {
    let wrong = |error: NameError| Failure::new(Code::Invalid, format!("\"{text}\" is no model: {error}"));
    text.parse().map_err(wrong)
}

/// Reads a revision; `None` is the current one.
pub(crate) fn revision(model: &ModelId, text: &str) -> Result<Option<Revision>, Failure> {
    if text == routes::MAIN {
        return Ok(None);
    }
    let wrong = || {
        let message =
            format!("\"{text}\" is no revision: \"{}\" is one, or 40 hexadecimal digits", routes::MAIN);
        Failure::new(Code::Invalid, message).of(model, None)
    };
    text.parse().map(Some).or(Err(wrong()))
}
