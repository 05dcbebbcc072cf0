//! The checks for every request, whatever its URL: RFC 9112 section 3.2, RFC 9113 section 8.3.1, and a
//! limit on the length of URLs.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version, header};
use axum::response::Response;
use futures_util::future::Either;
use tower::Service;

use crate::http::{ErrorFormat, SendfileQueue, sentence};
use crate::site::Site;

/// The longest path and query, in bytes. No file here has a longer name.
const LONGEST_URL: usize = 8 << 10;

/// The site behind these checks.
#[derive(Clone, Debug)]
pub(super) struct RequestValidation {
    pub site: Site,
    /// What the connection sends files from, if it can.
    pub queue: Option<SendfileQueue>,
}

impl<B> Service<Request<B>> for RequestValidation
where
    Site: Service<Request<B>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, <Site as Service<Request<B>>>::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.site.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if let Some((status, text)) = fault(&request) {
            return Either::Left(ready(Ok(refuse(status, text, request.version()))));
        }
        if let Some(queue) = &self.queue
            && *request.method() == Method::GET
        {
            request.extensions_mut().insert(queue.clone());
        }
        Either::Right(self.site.call(request))
    }
}

fn refuse(status: StatusCode, text: &str, version: Version) -> Response<Body> {
    let mut response = sentence(status, ErrorFormat::Text, &text);
    if version <= Version::HTTP_11 {
        // Where the next request would begin is not certain. HTTP/2 has frames for that.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What is wrong with the request, if something is.
fn fault<B>(request: &Request<B>) -> Option<(StatusCode, &'static str)> {
    let headers = request.headers();
    if request.uri().path_and_query().is_some_and(|url| url.as_str().len() > LONGEST_URL) {
        return Some((StatusCode::URI_TOO_LONG, "the URL has more than 8192 bytes"));
    }
    if request.version() <= Version::HTTP_11 {
        if !has_one_host(headers, request.version()) {
            return Some((
                StatusCode::BAD_REQUEST,
                "the request has no Host header, several, or one that is no host",
            ));
        }
    } else if !has_one_authority(headers, request.uri()) {
        return Some((StatusCode::BAD_REQUEST, "the request names no host, several, or one that is none"));
    }
    // RFC 9112 section 6.1 lets a server reject both lengths at once, which is how requests are smuggled past proxies. By
    // now hyper has dropped the other one; and nothing here takes a body in chunks.
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Some((StatusCode::BAD_REQUEST, "the request has a Transfer-Encoding"));
    }
    None
}

/// HTTP/1.0 has no such header.
fn has_one_host(headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host.as_bytes()),
        (None, _) => version < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// In HTTP/2, `:authority` is the host; `Host` may stand for it, or repeat it.
fn has_one_authority(headers: &HeaderMap, uri: &Uri) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let authority = uri.authority().map(|authority| authority.as_str().as_bytes());
    match (authority, hosts.next().map(HeaderValue::as_bytes), hosts.next()) {
        (_, Some(_), Some(_)) | (None, None, _) => false,
        (Some(authority), Some(host), None) => authority.eq_ignore_ascii_case(host) && is_host(authority),
        (None, Some(host), None) | (Some(host), None, _) => is_host(host),
    }
}

/// RFC 9110 section 7.2: a host and perhaps a port, nothing else; RFC 3986 section 3.2.2 says of which characters. It may be
/// empty.
fn is_host(field: &[u8]) -> bool {
    let digits = field.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let host = match field[..field.len() - digits] {
        [ref host @ .., b':'] => host,
        [..] => field,
    };
    match host {
        [b'[', address @ .., b']'] => address.iter().all(|b| b.is_ascii_hexdigit() || b":.".contains(b)),
        name => name.iter().all(|b| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(b)),
    }
}
