//! Error answers: one sentence that names what is missing, in the format of the route, with the error code that model-hub clients
//! act on.

use std::fmt;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::{ModelId, Revision, hub};
use thiserror::Error;

use super::headers::{NO_CACHE, X_ERROR_CODE, X_ERROR_MESSAGE, X_REPO_COMMIT, ascii, repo_commit};

/// The format of errors on a route.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ErrorFormat {
    /// `{"error": ".."}`, under `/api`.
    Json,
    /// A line of text, elsewhere.
    Text,
}

/// Why a request does not get what it asks for.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(crate) enum Refusal {
    /// The URL is not UTF-8 once it is decoded.
    #[error("the URL is not percent-encoded UTF-8")]
    Undecodable,
    /// A key of the query has a value that it cannot have.
    #[error("the query has {key}={value:?}; expected {expected}")]
    Query { key: &'static str, value: String, expected: &'static str },
    /// There is no model of this name.
    #[error("there is no model {0:?} here")]
    Model(String),
    /// The model is there, but its files are still being hashed.
    #[error("the model {:?} is still being indexed", .0.to_string())]
    Pending(ModelId),
    /// The model has no such revision, or not any more.
    #[error("the model {:?} has no revision {revision:?}", model.to_string())]
    Revision { model: ModelId, revision: String },
    /// The revision has no such file or folder, or the file was changed a moment ago.
    #[error("the model {:?} has no {path:?} in revision {revision}", model.to_string())]
    Entry { model: ModelId, revision: Revision, path: String },
    /// No file has such a piece.
    #[error("there is no piece {0:?} here")]
    Piece(String),
    /// Nothing is at this URL.
    #[error("there is nothing at {0:?}")]
    Route(String),
}

/// Seconds after which a model that is being hashed may be asked for again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Undecodable | Self::Query { .. } => StatusCode::BAD_REQUEST,
            Self::Pending(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Model(_) | Self::Revision { .. } | Self::Entry { .. } | Self::Piece(_) | Self::Route(_) => {
                StatusCode::NOT_FOUND
            }
        }
    }

    /// The code by which hub clients distinguish a missing model from a missing file.
    fn code(&self) -> Option<HeaderValue> {
        match self {
            Self::Model(_) => Some(HeaderValue::from_static("RepoNotFound")),
            Self::Revision { .. } => Some(HeaderValue::from_static("RevisionNotFound")),
            Self::Entry { .. } => Some(HeaderValue::from_static("EntryNotFound")),
            Self::Undecodable | Self::Query { .. } | Self::Pending(_) | Self::Piece(_) | Self::Route(_) => {
                None
            }
        }
    }

    /// Puts the refusal into words.
    pub(crate) fn answer(&self, form: ErrorFormat) -> Response {
        let mut response = sentence(self.status(), form, self);
        let headers = response.headers_mut();
        if let Some(code) = self.code() {
            headers.insert(X_ERROR_CODE, code);
            headers.insert(X_ERROR_MESSAGE, ascii(in_ascii(&self.to_string())));
        }
        match self {
            // With the revision, hub clients remember that the file is absent from it.
            Self::Entry { revision, .. } => {
                headers.insert(X_REPO_COMMIT, repo_commit(revision));
            }
            Self::Pending(_) => {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER);
            }
            Self::Undecodable
            | Self::Query { .. }
            | Self::Model(_)
            | Self::Revision { .. }
            | Self::Piece(_)
            | Self::Route(_) => {}
        }
        response
    }
}

/// A sentence in ASCII, for a header. Names are quoted already, so it has no control characters.
fn in_ascii(sentence: &str) -> String {
    let mut text = String::with_capacity(sentence.len());
    for c in sentence.chars() {
        match c {
            ' '..='~' => text.push(c),
            _ => text.extend(c.escape_unicode()),
        }
    }
    text
}

/// An error answer of one sentence.
pub(crate) fn sentence(status: StatusCode, form: ErrorFormat, sentence: &impl fmt::Display) -> Response {
    let (content_type, text) = match form {
        ErrorFormat::Json => ("application/json", hub::error(&sentence.to_string())),
        ErrorFormat::Text => ("text/plain; charset=utf-8", format!("{sentence}\n")),
    };
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, NO_CACHE),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, fields, Body::from(text)).into_response()
}
