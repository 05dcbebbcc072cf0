//! The whole server as one service: the router, and the steps around every request. These steps are not
//! layers of the router, because `Router::layer` boxes each request and its future once for every layer.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use pin_project_lite::pin_project;
use tower::Service;

use crate::http::{Observation, Observers, OtherMethod};
use crate::state::ServerState;
use crate::{pages, routes};

/// The server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Site {
    router: Router,
    observers: Observers,
}

impl Site {
    /// The server.
    #[must_use]
    pub fn new(state: ServerState) -> Self {
        let observers = state.observers();
        Self { router: pages::pages(&state).merge(routes::models(state)), observers }
    }
}

/// Other routes, which are neither logged nor counted.
impl From<Router> for Site {
    fn from(router: Router) -> Self {
        Self { router, observers: Observers::default() }
    }
}

impl<B> Service<Request<B>> for Site
where
    Router: Service<Request<B>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answering<<Router as Service<Request<B>>>::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.router.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let observation = self.observers.begin(&parts);
        let method = OtherMethod::of(&parts);
        Answering { future: self.router.call(Request::from_parts(parts, body)), method, observation }
    }
}

pin_project! {
    /// The future of an answer.
    #[derive(Debug)]
    pub struct Answering<F> {
        #[pin]
        future: F,
        method: Option<OtherMethod>,
        observation: Option<Observation>,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Answering<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // Nothing of the future is used after a panic.
        let response = match catch_unwind(AssertUnwindSafe(|| this.future.poll(context))) {
            Ok(polled) => ready!(polled)?,
            Err(_) => {
                tracing::error!("a request was not answered: its route panicked");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        };
        let mut response = match this.method.take() {
            Some(method) => method.allow(response),
            None => response,
        };
        // axum says of every answer without a body that it has 0 bytes. RFC 9110 section 8.6: a 304 must not, unless the 200 would;
        // and hyper takes it away only where the method is not HEAD.
        if response.status() == StatusCode::NOT_MODIFIED {
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        Poll::Ready(Ok(match this.observation.take() {
            Some(observation) => observation.of(response),
            None => response,
        }))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_route_that_panics_is_an_error_and_no_more() {
        async fn panics() -> StatusCode {
            panic!("on purpose")
        }
        let site = Site::from(Router::new().route("/panics", get(panics)).route("/", get(async || "here")));
        for (url, status) in [("/panics", 500), ("/", 200)] {
            let request = Request::get(url).body(Body::empty()).unwrap();
            assert_eq!(site.clone().oneshot(request).await.unwrap().status(), status);
        }
    }
}
