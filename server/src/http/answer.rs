//! Turns a representation and a request into a response: decides, then writes status, headers and body.

use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use conditional_request::{
    ByteRange, Decision, Field, Fields, HttpDate, Method as Reading, Validators, decide,
};
use protocol::Digest;
use protocol::representation::{NOT_AS_EXPECTED, unsatisfiable};

use super::body::FileBody;
use super::headers::{REPR_DIGEST, ascii, etag, repr_digest};
use super::multipart::Multipart;
use super::open_file::OpenFile;
use super::refusal::{ErrorFormat, sentence};
use super::sendfile_queue::SendfileQueue;
use crate::index::{Index, PieceAt, Stale};

/// What the headers of an answer tell of something that can be sent, whole or in part.
#[derive(Debug)]
pub(crate) struct RepresentationHeaders {
    /// SHA-256 of all its bytes.
    pub digest: Digest,
    /// Length in bytes.
    pub length: u64,
    /// The media type.
    pub content_type: HeaderValue,
    /// `Cache-Control`: the same on 200, 206 and 304.
    pub cache_control: HeaderValue,
    /// `Last-Modified`, if the answer has one.
    pub last_modified: Option<SystemTime>,
    /// Further headers of 200, 206 and 304.
    pub others: HeaderMap,
    /// The format of errors on this route.
    pub form: ErrorFormat,
}

/// The same with its headers written out.
#[derive(Clone, Debug)]
pub(crate) struct Representation {
    digest: Digest,
    length: u64,
    last_modified: Option<HttpDate>,
    content_type: HeaderValue,
    /// The headers that 200, 206 and 304 share, among them `ETag`.
    headers: HeaderMap,
    form: ErrorFormat,
}

/// So many headers have room in an answer before its map grows.
const MOST_HEADERS: usize = 16;

/// Bytes of files of the index.
#[derive(Debug)]
pub(crate) struct Stored<'a> {
    /// Where they are. The first place whose file is unchanged is used.
    pub places: &'a [PieceAt],
    /// Is told when a file turns out to have changed.
    pub index: &'a Index,
}

/// What is to be sent.
enum Wanted {
    Everything,
    Part(ByteRange),
    Parts(Vec<ByteRange>),
}

/// Answers a GET or HEAD for something that is in memory.
pub(crate) fn answer(
    method: &Method,
    request: &HeaderMap,
    representation: Representation,
    bytes: &Bytes,
) -> Response {
    match representation.wanted(method, request) {
        Ok(wanted) => representation.send(&wanted, |first, length| Body::from(slice(bytes, first, length))),
        Err(response) => *response,
    }
}

/// Answers a GET or HEAD for bytes of a file. The file is opened only if bytes of it are sent; everything else is answered from
/// the last scan.
///
/// # Errors
/// [`Stale`] if none of the files is what was indexed.
pub(crate) async fn answer_stored(
    request: &Parts,
    representation: Representation,
    stored: Stored<'_>,
) -> Result<Response, Stale> {
    let wanted = match representation.wanted(&request.method, &request.headers) {
        Ok(wanted) => wanted,
        Err(response) => return Ok(*response),
    };
    if request.method == Method::HEAD {
        return Ok(representation.send(&wanted, |_, _| Body::empty()));
    }
    // The same bytes may be in several files; one of them may have changed without the others.
    for place in stored.places {
        if let Ok(file) = OpenFile::open(&place.file, stored.index).await {
            return Ok(representation.send_file(&wanted, request, &file, place));
        }
    }
    Err(Stale)
}

impl From<RepresentationHeaders> for Representation {
    fn from(about: RepresentationHeaders) -> Self {
        let RepresentationHeaders {
            digest,
            length,
            content_type,
            cache_control,
            last_modified,
            others,
            form,
        } = about;
        let mut headers = HeaderMap::with_capacity(MOST_HEADERS);
        headers.extend(others);
        headers.insert(header::ETAG, etag(&digest));
        headers.insert(REPR_DIGEST, repr_digest(&digest));
        headers.insert(header::CACHE_CONTROL, cache_control);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(date) = last_modified {
            headers.insert(header::LAST_MODIFIED, ascii(httpdate::fmt_http_date(date)));
        }
        let last_modified = last_modified.and_then(HttpDate::of);
        Self { digest, length, last_modified, content_type, headers, form }
    }
}

/// The headers of a request, as the decision reads them.
struct Lines<'a>(&'a HeaderMap);

impl Fields for Lines<'_> {
    fn lines(&self, field: Field) -> impl Iterator<Item = &[u8]> {
        self.0.get_all(field.name()).iter().map(HeaderValue::as_bytes)
    }
}

impl Representation {
    /// Decides which bytes to send, or makes the answer if there are none.
    fn wanted(&self, method: &Method, request: &HeaderMap) -> Result<Wanted, Box<Response>> {
        let length = self.length;
        let validators = Validators { tag: self.tag(), last_modified: self.last_modified };
        let method = if *method == Method::HEAD { Reading::Head } else { Reading::Get };
        match decide(method, &Lines(request), validators, length) {
            Decision::Full => Ok(Wanted::Everything),
            Decision::Part(part) => Ok(Wanted::Part(part)),
            Decision::Parts(parts) => Ok(Wanted::Parts(parts)),
            // RFC 9110 section 15.4.5: the headers of the 200, without those about a body that is not sent.
            Decision::NotModified => {
                Err(Box::new((StatusCode::NOT_MODIFIED, self.headers.clone()).into_response()))
            }
            Decision::PreconditionFailed => {
                Err(Box::new(sentence(StatusCode::PRECONDITION_FAILED, self.form, &NOT_AS_EXPECTED)))
            }
            Decision::Unsatisfiable => {
                let text = unsatisfiable(length);
                let mut response = sentence(StatusCode::RANGE_NOT_SATISFIABLE, self.form, &text);
                let content_range = ascii(format!("bytes */{length}"));
                response.headers_mut().insert(header::CONTENT_RANGE, content_range);
                Err(Box::new(response))
            }
        }
    }

    /// The text inside the quotes of the entity tag.
    fn tag(&self) -> &str {
        let etag = self.headers.get(header::ETAG).and_then(|etag| etag.to_str().ok());
        etag.unwrap_or_default().trim_matches('"')
    }

    /// Bytes of a file.
    fn send_file(self, wanted: &Wanted, request: &Parts, file: &Arc<OpenFile>, place: &PieceAt) -> Response {
        let queue = request.extensions.get::<SendfileQueue>();
        self.send(wanted, |first, length| Body::new(FileBody::new(file, place.offset + first, length, queue)))
    }

    /// `body` gives bodies of so many bytes from a position on.
    fn send(self, wanted: &Wanted, body: impl Fn(u64, u64) -> Body) -> Response {
        let mut headers = self.headers;
        let whole = self.length;
        let (status, length, body) = match wanted {
            Wanted::Everything => (StatusCode::OK, whole, body(0, whole)),
            Wanted::Part(part) => {
                let content_range = ascii(format!("bytes {}-{}/{whole}", part.first, part.last));
                headers.insert(header::CONTENT_RANGE, content_range);
                (StatusCode::PARTIAL_CONTENT, part.length(), body(part.first, part.length()))
            }
            // Section 15.3.7.2: where each part lies is said in its own head.
            Wanted::Parts(parts) => {
                let part = |part: ByteRange| body(part.first, part.length());
                let multipart = Multipart::new(parts, whole, &self.digest, &self.content_type, part);
                (StatusCode::PARTIAL_CONTENT, multipart.length(), Body::new(multipart))
            }
        };
        let content_type = match wanted {
            Wanted::Everything | Wanted::Part(_) => self.content_type,
            Wanted::Parts(_) => Multipart::content_type(&self.digest),
        };
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

fn slice(bytes: &Bytes, first: u64, length: u64) -> Bytes {
    // What is in memory has a length that fits.
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(at(first)..at(first + length))
}
