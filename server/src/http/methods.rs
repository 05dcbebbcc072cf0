//! Methods: everything here can be read and nothing written, so all routes have the same ones (RFC 9110 sections 9.3.7
//! and 15.5.6).

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::Either;
use tower::Service;

use super::refusal::{ErrorFormat, sentence};

const ALLOWED: &str = "GET, HEAD, OPTIONS";

/// Answers other methods than GET and HEAD in one place, since routes, folders and pages each do so in their own way, or not at
/// all.
#[derive(Clone, Debug)]
pub(crate) struct OnlyReads<S>(pub S);

type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl<S> Service<Request> for OnlyReads<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Answering>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            return Either::Left(self.0.call(request));
        }
        let method = request.method().clone();
        let path = request.uri().path();
        let form =
            if path == "/api" || path.starts_with("/api/") { ErrorFormat::Json } else { ErrorFormat::Text };
        let answering = self.0.call(request);
        Either::Right(Box::pin(async move { Ok(allow(&method, form, answering.await?)) }))
    }
}

/// Says which methods there are, where another one was tried or it was asked.
fn allow(method: &Method, form: ErrorFormat, mut response: Response) -> Response {
    match response.status() {
        // Where other origins may read, the preflight has been answered already.
        status if *method == Method::OPTIONS => {
            if !status.is_success() {
                response = StatusCode::NO_CONTENT.into_response();
            }
        }
        StatusCode::METHOD_NOT_ALLOWED => {
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
