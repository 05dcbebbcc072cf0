//! The whole server as one service. Most requests are for files and pieces: those are answered at once and past the router,
//! whose layers and boxes cost several times as much as the answer. Whatever is not plain is left to the router; it makes no
//! difference to who asks (`tests/serving/site.rs`).

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use futures_util::TryFutureExt as _;
use futures_util::future::{Either, MapOk};
use tower::Service;

use crate::http::Observers;
use crate::router::router;
use crate::routes;
use crate::state::ServerState;

/// The server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Site {
    router: Router,
    direct: Option<Arc<Direct>>,
}

/// What is answered past the router.
#[derive(Debug)]
struct Direct {
    state: ServerState,
    observers: Observers,
    /// What layers would put on every answer.
    fields: HeaderMap,
}

impl Site {
    /// The server.
    #[must_use]
    pub fn new(state: ServerState) -> Self {
        let observers = state.observers();
        let direct = state.allow_origin.fields().map(|fields| {
            // Where the fields depend on who asks, the layers say them.
            Arc::new(Direct { state: state.clone(), observers, fields })
        });
        Self { router: router(state), direct }
    }
}

/// Nothing goes past it.
impl From<Router> for Site {
    fn from(router: Router) -> Self {
        Self { router, direct: None }
    }
}

impl<B> Service<Request<B>> for Site
where
    Router: Service<Request<B>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future =
        Either<Ready<Result<Response, Infallible>>, Routed<<Router as Service<Request<B>>>::Future>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.router.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        if let Some(direct) = &self.direct
            && let Some(response) = direct.answer(&parts)
        {
            return Either::Left(ready(Ok(response)));
        }
        let routed = self.router.call(Request::from_parts(parts, body));
        Either::Right(routed.map_ok(without_false_length))
    }
}

/// An answer of the router's.
type Routed<F> = MapOk<F, fn(Response) -> Response>;

/// axum says of every answer without a body that it has 0 bytes. RFC 9110 section 8.6: a 304 must not, unless the 200 would; and
/// hyper takes it away only where the method is not HEAD.
fn without_false_length(mut response: Response) -> Response {
    if response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

impl Direct {
    fn answer(&self, request: &Parts) -> Option<Response> {
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return None;
        }
        let observation = self.observers.begin(request);
        let mut response = routes::answer_now(&self.state, request)?;
        let fields = self.fields.iter().map(|(name, value)| (name.clone(), value.clone()));
        response.headers_mut().extend(fields);
        Some(match observation {
            Some(observation) => observation.of(response),
            None => response,
        })
    }
}
