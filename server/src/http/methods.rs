//! Methods: everything here can be read and nothing written, so all routes have the same ones (RFC 9110 sections 9.3.7
//! and 15.5.6).

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::refusal::{Form, sentence};

const ALLOWED: &str = "GET, HEAD, OPTIONS";

/// Middleware: what routes, folders and pages each say in their own way, or not at all, is said here once.
pub(crate) async fn only_reads(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path();
    let form = if path == "/api" || path.starts_with("/api/") { Form::Json } else { Form::Text };
    let mut response = next.run(request).await;
    match (method, response.status()) {
        (Method::OPTIONS, status) => {
            // Where other origins may read, the preflight has been answered already.
            if !status.is_success() {
                response = StatusCode::NO_CONTENT.into_response();
            }
        }
        (method, StatusCode::METHOD_NOT_ALLOWED) => {
            let text = format!("{method} is not possible here; {ALLOWED} are");
            let (parts, body) = sentence(StatusCode::METHOD_NOT_ALLOWED, form, &text).into_parts();
            response.headers_mut().extend(parts.headers);
            *response.body_mut() = body;
        }
        _ => return response,
    }
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(ALLOWED));
    response
}
