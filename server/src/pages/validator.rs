//! ETags of pages. Each page is rendered for its request and has a one-time CSP nonce. Otherwise, pages
//! stay equal as long as the index does. Their ETag is therefore weak (RFC 9110 section 8.8.1), and
//! computed without the nonce.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use conditional_request::{Decision, Field, Fields, Method, Validators, decide};
use protocol::Digest;
use sha2::{Digest as _, Sha256};

use crate::http::ascii;

/// Middleware that adds an ETag to pages and answers 304 to clients that have them.
pub(super) async fn validated(request: Request, next: Next) -> Response {
    let condition = IfNoneMatch(request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect());
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // It was rendered as a whole: nothing is waited for, and nothing can fail.
    let Ok(page) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = tag(&page, &parts.headers);
    parts.headers.insert(header::ETAG, ascii(format!("W/\"{tag}\"")));
    let validators = Validators { tag: &tag, last_modified: None };
    match decide(Method::Get, &condition, validators, page.len() as u64) {
        Decision::NotModified => {
            // The cached page keeps the CSP that it came with, which has its nonce.
            for name in [header::CONTENT_SECURITY_POLICY, header::CONTENT_TYPE, header::CONTENT_LENGTH] {
                parts.headers.remove(name);
            }
            parts.status = StatusCode::NOT_MODIFIED;
            Response::from_parts(parts, Body::empty())
        }
        // A weak validator fulfils no other condition, and ranges of pages that differ make no sense.
        Decision::Full
        | Decision::Part(_)
        | Decision::Parts(_)
        | Decision::PreconditionFailed
        | Decision::Unsatisfiable => Response::from_parts(parts, Body::from(page)),
    }
}

/// The only condition that is looked at.
struct IfNoneMatch(Vec<HeaderValue>);

impl Fields for IfNoneMatch {
    fn lines(&self, field: Field) -> impl Iterator<Item = &[u8]> {
        let lines = self.0.iter().filter(move |_| field == Field::IfNoneMatch);
        lines.map(HeaderValue::as_bytes)
    }
}

/// The digest of the page without its nonce.
fn tag(page: &Bytes, headers: &HeaderMap) -> String {
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let nonce = policy.and_then(|policy| Some(policy.split_once("'nonce-")?.1.split_once('\'')?.0));
    let digest = match (nonce, str::from_utf8(page)) {
        (Some(nonce), Ok(text)) => Sha256::digest(text.replace(nonce, "")),
        (_, _) => Sha256::digest(page),
    };
    Digest::from_bytes(digest.into()).to_string()
}
