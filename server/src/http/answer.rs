//! Turns a representation and a request into a response: decides, then says it in status, fields and body.

use std::fs::File;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use conditional_request::{
    ByteRange, Decision, Field, Fields, Method as Reading, Seconds, Validators, decide,
};
use protocol::Digest;

use super::body::{FileBody, OpenFile};
use super::headers::{ascii, etag, repr_digest};
use super::multipart::Multipart;
use super::refusal::{Form, sentence};
use crate::faults::Plan;
use crate::index::{Index, StoredFile};

/// Something that can be sent, whole or in part.
#[derive(Debug)]
pub(crate) struct Representation {
    /// SHA-256 of all its bytes.
    pub digest: Digest,
    /// Length in bytes.
    pub length: u64,
    /// The media type.
    pub content_type: HeaderValue,
    /// How long it may be kept: the same on 200, 206 and 304.
    pub cache_control: HeaderValue,
    /// Further fields of 200, 206 and 304.
    pub fields: HeaderMap,
    /// Where the bytes come from.
    pub source: Source,
    /// How the route words errors.
    pub form: Form,
}

/// Where bytes come from. Further ways of reading files belong here.
#[derive(Debug)]
pub(crate) enum Source {
    /// They are in memory.
    Memory(Bytes),
    /// They are in a file.
    File {
        /// Opened by [`StoredFile::open`].
        open: File,
        /// What it was when it was indexed.
        stored: Arc<StoredFile>,
        /// Where the representation begins in the file, in bytes.
        offset: u64,
        /// Whom to tell when the file turns out to have changed.
        index: Index,
        /// What is to go wrong, in tests.
        faults: Plan,
    },
}

/// Answers a GET or HEAD for something that is there.
pub(crate) fn answer(method: &Method, request: &HeaderMap, representation: Representation) -> Response {
    let length = representation.length;
    let tag = representation.digest.to_string();
    let validators = Validators { tag: &tag, last_modified: representation.last_modified() };
    let method = if *method == Method::HEAD { Reading::Head } else { Reading::Get };
    match decide(method, &Lines(request), validators, length) {
        Decision::Full => {
            let everything = ByteRange { first: 0, last: length.saturating_sub(1) };
            representation.send(StatusCode::OK, everything, length)
        }
        Decision::Part(part) => {
            let content_range = ascii(&format!("bytes {}-{}/{length}", part.first, part.last));
            let mut response = representation.send(StatusCode::PARTIAL_CONTENT, part, part.length());
            response.headers_mut().insert(header::CONTENT_RANGE, content_range);
            response
        }
        // Section 15.3.7.2: where each part lies is said in its own head.
        Decision::Parts(parts) => representation.send_several(&parts),
        // RFC 9110 section 15.4.5: the fields of the 200, without those about a body that is not sent.
        Decision::NotModified => (StatusCode::NOT_MODIFIED, representation.fields()).into_response(),
        Decision::PreconditionFailed => sentence(
            StatusCode::PRECONDITION_FAILED,
            representation.form,
            &"what is here is not what the request's condition names",
        ),
        Decision::Unsatisfiable => {
            let text = format!("the range is not one of the {length} bytes that are here");
            let mut response = sentence(StatusCode::RANGE_NOT_SATISFIABLE, representation.form, &text);
            let content_range = ascii(&format!("bytes */{length}"));
            response.headers_mut().insert(header::CONTENT_RANGE, content_range);
            response
        }
    }
}

/// The fields of a request, as the decision reads them.
struct Lines<'a>(&'a HeaderMap);

impl Fields for Lines<'_> {
    fn lines(&self, field: Field) -> impl Iterator<Item = &[u8]> {
        self.0.get_all(field.name()).iter().map(HeaderValue::as_bytes)
    }
}

impl Representation {
    fn last_modified(&self) -> Option<Seconds> {
        self.fields
            .get(header::LAST_MODIFIED)
            .and_then(|field| httpdate::parse_http_date(field.to_str().ok()?).ok())
            .and_then(Seconds::of)
    }

    /// The fields that 200, 206 and 304 share.
    fn fields(&self) -> HeaderMap {
        let mut fields = self.fields.clone();
        fields.insert(header::ETAG, etag(&self.digest));
        fields.insert(super::headers::REPR_DIGEST, repr_digest(&self.digest));
        fields.insert(header::CACHE_CONTROL, self.cache_control.clone());
        fields.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        fields
    }

    /// `length` is the part's, 0 for everything of an empty representation. For a HEAD the body is dropped
    /// unread, which costs nothing, since no body reads before it is polled.
    fn send(self, status: StatusCode, part: ByteRange, length: u64) -> Response {
        let mut fields = self.fields();
        fields.insert(header::CONTENT_TYPE, self.content_type.clone());
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        let body = self.bytes();
        (status, fields, body(part.first, length)).into_response()
    }

    fn send_several(self, parts: &[ByteRange]) -> Response {
        let mut fields = self.fields();
        let (digest, length) = (self.digest, self.length);
        let content_type = self.content_type.clone();
        let body = self.bytes();
        let part = |part: ByteRange| body(part.first, part.length());
        let multipart = Multipart::new(parts, length, &digest, &content_type, part);
        fields.insert(header::CONTENT_TYPE, Multipart::content_type(&digest));
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(multipart.length()));
        (StatusCode::PARTIAL_CONTENT, fields, Body::new(multipart)).into_response()
    }

    /// Gives bodies of so many bytes from a position on.
    fn bytes(self) -> impl Fn(u64, u64) -> Body {
        let whole = self.length;
        let (memory, file) = match self.source {
            Source::Memory(bytes) => (bytes, None),
            Source::File { open, stored, offset, index, faults } => {
                (Bytes::new(), Some((OpenFile::new(open, stored, index), offset, faults)))
            }
        };
        move |first, length| match &file {
            None => Body::from(slice(&memory, first, length)),
            Some((file, offset, faults)) => {
                let body = FileBody::new(file, offset + first, length);
                faults.apply(Body::new(body), first, whole)
            }
        }
    }
}

fn slice(bytes: &Bytes, first: u64, length: u64) -> Bytes {
    // What is in memory has a length that fits.
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(at(first)..at(first + length))
}
