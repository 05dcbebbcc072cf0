//! Errors of the module: a code for the page's program, and a sentence for its author.

use std::fmt;

use downloader::RemoveError;
use downloader::ports::OpenError;
use js_sys::{Object, Reflect};
use piece_store::{StoreError, StoreErrorKind};
use protocol::download::{Cause, Choice, MissingCapability};
use protocol::{ModelId, NameError, Revision, TextForm as _, routes};
use wasm_bindgen::JsValue;

use crate::abort::Abort;

/// What went wrong, and of which model.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    code: Code,
    message: String,
    model: Option<ModelId>,
    revision: Option<Revision>,
    /// What the server answered, if that is what went wrong.
    status: Option<u16>,
    /// What the caller gave as the reason for an abort.
    cause: JsValue,
}

/// What a program can do something about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Code {
    Aborted,
    Corrupt,
    Invalid,
    NoRoom,
    NotFound,
    Offline,
    Removed,
    Server,
    Stopped,
    Storage,
    Unsupported,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aborted => "aborted",
            Self::Corrupt => "corrupt",
            Self::Invalid => "invalid",
            Self::NoRoom => "no-room",
            Self::NotFound => "not-found",
            Self::Offline => "offline",
            Self::Removed => "removed",
            Self::Server => "server",
            Self::Stopped => "stopped",
            Self::Storage => "storage",
            Self::Unsupported => "unsupported",
        })
    }
}

impl Failure {
    fn new(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message, model: None, revision: None, status: None, cause: JsValue::UNDEFINED }
    }

    /// Says what it is about.
    pub(crate) fn about(self, model: &ModelId, revision: Option<Revision>) -> Self {
        Self { model: Some(model.clone()), revision, ..self }
    }

    pub(crate) fn aborted(abort: &Abort) -> Self {
        let aborted = Self::new(Code::Aborted, "aborted by the signal; what has come is kept");
        Self { cause: abort.reason(), ..aborted }
    }
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        let (code, message) = match cause {
            Cause::Cancelled | Cause::Paused => (Code::Stopped, "stopped by the user; what has come is kept"),
            Cause::NeedsClick => (Code::Stopped, "the browser wants a click before it goes on"),
            Cause::Browser => (Code::Stopped, "ended by the browser; what has come is kept"),
            Cause::Network => (Code::Offline, "the device is offline, or the server cannot be reached"),
            Cause::Status(status) => {
                let failure =
                    Self::new(Code::Server, format!("the server answered with the status {status}"));
                return Self { status: Some(status), ..failure };
            }
            Cause::Corrupt(_) => {
                (Code::Corrupt, "what came is not what the model's name says, also when asked for again")
            }
            Cause::NoRoom => (Code::NoRoom, "there is no room on the device"),
            Cause::Gone => (Code::NotFound, "the server has no such model, or not this revision"),
            Cause::Evicted => (Code::Removed, "removed meanwhile, by the browser or by another page"),
            Cause::Storage => (Code::Storage, "the browser's store cannot be read or written"),
        };
        Self::new(code, message)
    }
}

impl From<MissingCapability> for Failure {
    fn from(missing: MissingCapability) -> Self {
        let message = match missing {
            MissingCapability::SecureContext => {
                "the page came by plain HTTP from another computer, so the browser gives it no storage"
            }
            MissingCapability::ServiceWorker => "there are no service workers in this window",
            MissingCapability::Storage => "there is no storage in this window",
        };
        Self::new(Code::Unsupported, message)
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

impl From<RemoveError> for Failure {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Open(OpenError::Unsupported(missing)) => missing.into(),
            RemoveError::Open(OpenError::Failed(cause)) => cause.into(),
            RemoveError::Store(error) => error.into(),
        }
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        let Failure { code, message, model, revision, status, cause } = failure;
        let message = match &model {
            Some(model) => format!("{model}: {message}"),
            None => message,
        };
        object(&[
            ("code", code.to_string().into()),
            ("message", message.into()),
            ("model", model.map(|model| model.to_string()).into()),
            ("revision", revision.map(|revision| revision.to_string()).into()),
            ("status", status.into()),
            ("cause", cause),
        ])
    }
}

/// A plain object; what is undefined is left out.
pub(crate) fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        if !value.is_undefined() {
            // An object that was just made takes everything.
            let _ = Reflect::set(&object, &JsValue::from_str(name), value);
        }
    }
    object.into()
}

/// Reads a model's name.
pub(crate) fn model(text: &str) -> Result<ModelId, Failure> {
    let wrong = |error: NameError| Failure::new(Code::Invalid, format!("\"{text}\" is no model: {error}"));
    text.parse().map_err(wrong)
}

/// Reads a revision; `None` is the current one.
pub(crate) fn revision(text: Option<String>) -> Result<Option<Revision>, Failure> {
    let Some(text) = text.filter(|text| text != routes::MAIN) else { return Ok(None) };
    let wrong = || {
        let main = routes::MAIN;
        Failure::new(
            Code::Invalid,
            format!("\"{text}\" is no revision: \"{main}\" is one, or 40 hexadecimal digits"),
        )
    };
    text.parse().map(Some).or(Err(wrong()))
}

/// Reads the name of an engine; `None` is whatever the user has chosen for the site.
pub(crate) fn engine(text: Option<&str>) -> Result<Option<Choice>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || format!("\"{text}\" is no engine: automatic, background and page are");
    Choice::from_text(text).map(Some).ok_or_else(|| Failure::new(Code::Invalid, wrong()))
}
