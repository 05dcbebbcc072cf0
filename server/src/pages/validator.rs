//! Whether a browser has a page already. Pages are made for each request and differ in the number that their scripts carry, which
//! is good once; what a person sees is the same as long as the index is. So their validator is weak (RFC 9110 section 8.8.1).

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use conditional_request::{Decision, Field, Fields, Method, Validators, decide};
use protocol::Digest;
use sha2::{Digest as _, Sha256};

use crate::http::ascii;

/// Middleware: gives pages that are there a validator, and answers 304 to those who have them.
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
            // What the browser has goes on under the policy that came with it, whose number is in it.
            for name in [header::CONTENT_SECURITY_POLICY, header::CONTENT_TYPE, header::CONTENT_LENGTH] {
                parts.headers.remove(name);
            }
            parts.status = StatusCode::NOT_MODIFIED;
            Response::from_parts(parts, Body::empty())
        }
        // There is no other condition that a weak validator could meet, and no range of what differs each time.
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

/// The digest of the page without the number in it.
fn tag(page: &Bytes, headers: &HeaderMap) -> String {
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let number = policy.and_then(|policy| Some(policy.split_once("'nonce-")?.1.split_once('\'')?.0));
    let digest = match (number, str::from_utf8(page)) {
        (Some(number), Ok(text)) => Sha256::digest(text.replace(number, "")),
        (_, _) => Sha256::digest(page),
    };
    Digest::from_bytes(digest.into()).to_string()
}
