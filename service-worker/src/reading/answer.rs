//! The answer for a file of a ready model, with the status and the headers that the server would send.

use conditional_request::{Decision, Method, Validators, decide};
use protocol::representation::{
    IMMUTABLE, NO_CACHE, NOT_AS_EXPECTED, REPR_DIGEST, X_ERROR_CODE, X_ERROR_MESSAGE, X_REPO_COMMIT,
    content_type, etag, repr_digest, unsatisfiable,
};
use protocol::routes::OfModel;
use protocol::{FilePath, hub};
use wasm_bindgen::JsValue;
use web_sys::{FetchEvent, Headers, Request, Response, ResponseInit};

use super::Unreadable;
use super::body;
use super::conditions::Conditions;
use super::ready::{self, Ready};

/// The answer; `None` if the model is not ready.
pub(super) async fn file(
    event: &FetchEvent,
    request: &Request,
    method: Method,
    asked: &OfModel,
    path: &FilePath,
) -> Result<Option<Response>, Unreadable> {
    let Some(ready) = ready::find(asked).await? else {
        return Ok(None);
    };
    let Some(file) = ready.manifest.file(path) else {
        return Ok(Some(missing(&ready, path, method, Form::Text)?));
    };
    let tag = file.sha256.to_string();
    // When the file was changed is not known here. The tag says more.
    let validators = Validators { tag: &tag, last_modified: None };
    let fields = fields(&[
        ("accept-ranges", "bytes"),
        // What is at the address of `main` changes, though it does not here before the model is renewed.
        ("cache-control", if asked.revision.is_some() { IMMUTABLE } else { NO_CACHE }),
        ("etag", &etag(&file.sha256)),
        (REPR_DIGEST, &repr_digest(&file.sha256)),
        (X_REPO_COMMIT, &ready.manifest.revision().to_string()),
    ])?;
    let whole = file.size;
    let (status, first, end) = match decide(method, &Conditions::of(&request.headers())?, validators, whole) {
        // RFC 9110 section 14.2 allows a server to ignore a range. Requests for several ranges are rare.
        Decision::Full | Decision::Parts(_) => (200, 0, whole),
        Decision::Part(part) => {
            let (first, last) = (part.first, part.last);
            fields.set("content-range", &format!("bytes {first}-{last}/{whole}"))?;
            (206, first, last.saturating_add(1))
        }
        Decision::NotModified => return Ok(Some(with_text(304, &fields, None)?)),
        Decision::PreconditionFailed => return Ok(Some(sentence(412, method, NOT_AS_EXPECTED, &[])?)),
        Decision::Unsatisfiable => {
            let range = ("content-range", &*format!("bytes */{whole}"));
            return Ok(Some(sentence(416, method, &unsatisfiable(whole), &[range])?));
        }
    };
    fields.set("content-length", &end.saturating_sub(first).to_string())?;
    fields.set("content-type", content_type(path.file_name()))?;
    let init = init(status, &fields);
    let response = match method {
        Method::Head => Response::new_with_opt_str_and_init(None, &init)?,
        Method::Get => {
            let slices = ready.manifest.slices_of(file, first, end).collect();
            body::of(event, &ready, slices, &init).await?
        }
    };
    Ok(Some(response))
}

/// How an error is worded.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// Under `/api`.
    Json,
    /// Elsewhere.
    Text,
}

/// There is no such file or folder in this revision, and the server would say the same of it.
pub(super) fn missing(
    ready: &Ready,
    path: &FilePath,
    method: Method,
    form: Form,
) -> Result<Response, JsValue> {
    let revision = ready.manifest.revision().to_string();
    let text = format!("the model \"{}\" has no \"{path}\" in revision {revision}", ready.manifest.model());
    // A field says ASCII only.
    let message = if text.is_ascii() { &*text } else { "" };
    let more = [(X_ERROR_CODE, "EntryNotFound"), (X_ERROR_MESSAGE, message), (X_REPO_COMMIT, &revision)];
    match form {
        Form::Json => document(404, method, ".json", &hub::error(&text), &more),
        Form::Text => sentence(404, method, &text, &more),
    }
}

fn sentence(status: u16, method: Method, text: &str, more: &[(&str, &str)]) -> Result<Response, JsValue> {
    document(status, method, ".txt", &format!("{text}\n"), more)
}

/// An answer that is to be asked for each time.
pub(super) fn document(
    status: u16,
    method: Method,
    like: &str,
    text: &str,
    more: &[(&str, &str)],
) -> Result<Response, JsValue> {
    let fields = fields(more)?;
    fields.set("cache-control", NO_CACHE)?;
    fields.set("content-length", &text.len().to_string())?;
    fields.set("content-type", content_type(like))?;
    with_text(status, &fields, (method == Method::Get).then_some(text))
}

fn fields(fields: &[(&str, &str)]) -> Result<Headers, JsValue> {
    let headers = Headers::new()?;
    headers.set("x-content-type-options", "nosniff")?;
    for (name, value) in fields {
        headers.set(name, value)?;
    }
    Ok(headers)
}

fn with_text(status: u16, fields: &Headers, text: Option<&str>) -> Result<Response, JsValue> {
    Response::new_with_opt_str_and_init(text, &init(status, fields))
}

fn init(status: u16, fields: &Headers) -> ResponseInit {
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(fields);
    init
}
