//! The methods that all routes have in common: everything can be read, and nothing written (RFC 9110
//! sections 9.3.7 and 15.5.6).

use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::refusal::{ErrorFormat, sentence};

const ALLOWED: &str = "GET, HEAD, OPTIONS";

/// Another method than GET and HEAD. It is answered here, since routes, folders and pages each do so in their own way, or not at
/// all.
#[derive(Debug)]
pub(crate) struct OtherMethod {
    method: Method,
    format: ErrorFormat,
}

impl OtherMethod {
    /// The method of a request, unless it is GET or HEAD.
    pub(crate) fn of(request: &Parts) -> Option<Self> {
        if matches!(request.method, Method::GET | Method::HEAD) {
            return None;
        }
        let path = request.uri.path();
        let format =
            if path == "/api" || path.starts_with("/api/") { ErrorFormat::Json } else { ErrorFormat::Text };
        Some(Self { method: request.method.clone(), format })
    }

    /// Says which methods there are, where another one was tried or it was asked.
    pub(crate) fn allow(self, mut response: Response) -> Response {
        let Self { method, format } = self;
        match response.status() {
            // Where other origins may read, the preflight has been answered already.
            status if method == Method::OPTIONS => {
                if !status.is_success() {
                    response = StatusCode::NO_CONTENT.into_response();
                }
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                let text = format!("{method} is not possible here; {ALLOWED} are");
                let (parts, body) = sentence(StatusCode::METHOD_NOT_ALLOWED, format, &text).into_parts();
                // The router has given the length of the body before.
                response.headers_mut().remove(header::CONTENT_LENGTH);
                response.headers_mut().extend(parts.headers);
                *response.body_mut() = body;
            }
            _ => return response,
        }
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(ALLOWED));
        response
    }
}
