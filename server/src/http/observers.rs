//! Records every request when its response is complete or abandoned: a line in the access log, a debug event, and [`Metrics`].

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::Body;
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use super::access_log::{AccessLog, Line};
use crate::metrics::{Metrics, OpenAnswer, Route};

/// Where requests are recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observers {
    pub(crate) log: Option<AccessLog>,
    pub(crate) metrics: Option<Metrics>,
}

impl Observers {
    /// Begins to observe a request. `None` if nothing is recorded.
    pub(crate) fn begin(&self, request: &Parts) -> Option<Observation> {
        let debugging = tracing::enabled!(tracing::Level::DEBUG);
        if self.log.is_none() && self.metrics.is_none() && !debugging {
            return None;
        }
        Some(Observation {
            began: Instant::now(),
            line: (self.log.is_some() || debugging).then(|| Line::of(request)),
            log: self.log.clone(),
            metrics: self.metrics.clone(),
            route: Route::of(request.uri.path()),
            method: request.method.clone(),
        })
    }
}

/// A request that will be recorded.
#[derive(Debug)]
pub(crate) struct Observation {
    began: Instant,
    line: Option<Line>,
    log: Option<AccessLog>,
    metrics: Option<Metrics>,
    route: Route,
    method: Method,
}

impl Observation {
    /// The response, which is recorded when its body is dropped.
    pub(crate) fn of(self, response: Response) -> Response {
        let Self { began, line, log, metrics, route, method } = self;
        let status = response.status();
        let answer = metrics.map(|metrics| metrics.answer(route, &method, status));
        response.map(|body| {
            // The body of an answer to HEAD is dropped unread.
            let left = if method == Method::HEAD { Some(0) } else { body.size_hint().exact() };
            Body::new(CountedBody { body, bytes: 0, left, status: status.as_u16(), began, line, log, answer })
        })
    }
}

/// Counts the bytes of a body, and records the request when it is dropped, complete or not.
struct CountedBody {
    body: Body,
    bytes: u64,
    /// Bytes that are still to come; `None` if that is not known before the end.
    left: Option<u64>,
    status: u16,
    began: Instant,
    line: Option<Line>,
    log: Option<AccessLog>,
    answer: Option<OpenAnswer>,
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                self.bytes += bytes;
                self.left = self.left.map(|left| left.saturating_sub(bytes));
                if let Some(answer) = &self.answer {
                    answer.sent(bytes);
                }
            }
            Some(Err(_)) => {}
            None => self.left = Some(0),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for CountedBody {
    fn drop(&mut self) {
        if let Some(answer) = &self.answer
            && self.left != Some(0)
        {
            answer.given_up();
        }
        let Some(mut line) = self.line.take() else {
            return;
        };
        line.status = self.status;
        line.bytes = self.bytes;
        line.ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Line { method, path, status, bytes, range, ms } = &line;
        tracing::debug!(method, path, status, bytes, range, ms, "answered");
        if let Some(log) = &self.log {
            log.write(line);
        }
    }
}
