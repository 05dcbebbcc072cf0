//! Why a call was refused, sorted by what the caller may do about it.

use js_sys::{JsString, Reflect};
use wasm_bindgen::JsValue;

/// What went wrong, sorted by what the caller may do about it.
///
/// The specification gives most refusals the same name, `TypeError`; Chromium's are told apart by their
/// messages.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorKind {
    /// This browser has no Background Fetch. Download in the page instead.
    Unsupported,
    /// Not from here or not now: in a service worker, in a fenced frame, without the user's permission, or a
    /// second time without a new click. In a page: try again in the handler of a click.
    NotAllowed,
    /// The origin has as many active fetches as it may have (Chromium: five). Wait for one to end, or abort
    /// one.
    TooManyActive,
    /// An active fetch has this id. Take that one with [`BackgroundFetch::get`](crate::BackgroundFetch::get),
    /// or choose another id.
    DuplicateId,
    /// There is not enough room for `download_total` bytes. Delete something.
    QuotaExceeded,
    /// The fetch was aborted before this record had its response. Start a new one for what is missing.
    Aborted,
    /// Too early or too late. Too early: the service worker is not active yet; wait for that. Too late: the
    /// completion event is over, and with it its records and its interface; the same call will not succeed.
    InvalidState,
    /// The fetch is over and has no response for this record, for example after the browser quit. The other
    /// records may have theirs; start a new fetch for this one.
    RecordUnavailable,
    /// The browser does not accept the arguments: no request at all, an empty id, an invalid or forbidden
    /// URL, mode `no-cors`. A mistake in the program.
    BadRequest,
    /// Anything else, such as an I/O error of the browser's.
    Other,
}

/// Whether a text has another in it. `str::contains` is made for long texts, and four times the code in wasm.
fn has(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window == part.as_bytes())
}

impl ErrorKind {
    /// Sorts an exception by its `name` and `message`. The messages are those of Chromium's
    /// `background_fetch_manager.cc`, `background_fetch_registration.cc` and `background_fetch_record.cc`.
    fn of(name: &str, message: &str) -> Self {
        match name {
            "NotAllowedError" | "SecurityError" => Self::NotAllowed,
            "QuotaExceededError" => Self::QuotaExceeded,
            "InvalidStateError" => Self::InvalidState,
            "UnknownError" if has(message, "response is not available") => Self::RecordUnavailable,
            // Chromium calls its own I/O errors by this name too.
            "AbortError" if !has(message, "I/O error") => Self::Aborted,
            "TypeError" => Self::of_type_error(message),
            _ => Self::Other,
        }
    }

    fn of_type_error(message: &str) -> Self {
        const MESSAGES: [(&str, ErrorKind); 6] = [
            ("does not have permission to start a fetch", ErrorKind::NotAllowed),
            ("already is a registration for the given id", ErrorKind::DuplicateId),
            ("too many active fetches", ErrorKind::TooManyActive),
            ("No active registration available", ErrorKind::InvalidState),
            ("no service worker available", ErrorKind::InvalidState),
            ("I/O error", ErrorKind::Other),
        ];
        let known = MESSAGES.iter().find(|(part, _)| has(message, part));
        known.map_or(Self::BadRequest, |(_, kind)| *kind)
    }
}

/// An error: its kind to act upon, and the browser's message for people.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    pub(crate) fn unsupported() -> Self {
        Self { kind: ErrorKind::Unsupported, message: "this browser has no Background Fetch".to_owned() }
    }

    /// What went wrong, sorted by what the caller may do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The browser's name and message for it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Total: whatever was thrown becomes an error.
impl From<JsValue> for Error {
    fn from(thrown: JsValue) -> Self {
        let text = |key: &JsString| Reflect::get(&thrown, key).ok().and_then(|value| value.as_string());
        match (text(&"name".into()), text(&"message".into())) {
            (Some(name), Some(message)) => {
                Self { kind: ErrorKind::of(&name, &message), message: format!("{name}: {message}") }
            }
            _ => Self {
                kind: ErrorKind::Other,
                message: thrown
                    .as_string()
                    .unwrap_or_else(|| "something that is no error was thrown".to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chromiums_refusals_are_told_apart() {
        for (name, message, kind) in [
            ("TypeError", "This origin does not have permission to start a fetch.", ErrorKind::NotAllowed),
            (
                "NotAllowedError",
                "backgroundFetch.fetch() is not allowed in service worker environments.",
                ErrorKind::NotAllowed,
            ),
            ("TypeError", "There already is a registration for the given id.", ErrorKind::DuplicateId),
            ("TypeError", "There are too many active fetches for this origin.", ErrorKind::TooManyActive),
            ("QuotaExceededError", "Quota exceeded.", ErrorKind::QuotaExceeded),
            (
                "TypeError",
                "No active registration available on the ServiceWorkerRegistration.",
                ErrorKind::InvalidState,
            ),
            (
                "TypeError",
                "There is no service worker available to service the fetch.",
                ErrorKind::InvalidState,
            ),
            (
                "InvalidStateError",
                "The records associated with this background fetch are no longer available.",
                ErrorKind::InvalidState,
            ),
            ("UnknownError", "The response is not available.", ErrorKind::RecordUnavailable),
            ("AbortError", "The fetch was aborted before the record was processed.", ErrorKind::Aborted),
            ("TypeError", "At least one request must be given.", ErrorKind::BadRequest),
        ] {
            assert_eq!(ErrorKind::of(name, message), kind, "{name}: {message}");
        }
    }

    #[test]
    fn the_browsers_own_troubles_are_not_blamed_on_the_caller() {
        for (name, message) in [
            ("TypeError", "Failed to store registration due to I/O error."),
            ("AbortError", "Failed to abort registration due to I/O error."),
            ("UnknownError", "Something else."),
            ("RangeError", "A name this crate does not expect."),
        ] {
            assert_eq!(ErrorKind::of(name, message), ErrorKind::Other, "{name}: {message}");
        }
    }
}
