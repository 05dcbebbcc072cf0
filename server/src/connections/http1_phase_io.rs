//! The stream, the service and the bodies that hyper uses for an HTTP/1.1 connection. Each reports to the
//! [`Http1PhaseTracker`] what it sees.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use bytes::{Buf as _, Bytes};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower::Service as _;

use super::http1_phase::Http1PhaseTracker;
use super::request_validation::RequestValidation;

/// A stream, after some bytes that were read from it before.
#[derive(Debug)]
pub(super) struct Http1PhaseStream<S> {
    stream: S,
    first: Bytes,
    phases: Arc<Http1PhaseTracker>,
}

impl<S> Http1PhaseStream<S> {
    pub(super) fn new(stream: S, first: Bytes, phases: &Arc<Http1PhaseTracker>) -> Self {
        Self { stream, first, phases: Arc::clone(phases) }
    }

    /// The stream, and the bytes before that are still unread.
    pub(super) fn into_inner(self) -> (S, Bytes) {
        (self.stream, self.first)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Http1PhaseStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let length = self.first.len().min(buffer.remaining());
            buffer.put_slice(&self.first[..length]);
            self.first.advance(length);
        } else {
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        }
        self.phases.read();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Http1PhaseStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper asks for this when it has written all it has.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.phases.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The service.
#[derive(Debug)]
pub(super) struct Http1PhaseService {
    service: RequestValidation,
    phases: Arc<Http1PhaseTracker>,
}

impl Http1PhaseService {
    pub(super) fn new(service: RequestValidation, phases: &Arc<Http1PhaseTracker>) -> Self {
        Self { service, phases: Arc::clone(phases) }
    }
}

impl hyper::service::Service<Request<Incoming>> for Http1PhaseService {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Answering<<RequestValidation as tower::Service<Request<Incoming>>>::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.phases.asked(!request.body().is_end_stream());
        let open = OpenRequest(Arc::clone(&self.phases));
        // It is always ready.
        Answering { future: self.service.clone().call(request), open: Some(open) }
    }
}

/// Marks a request as being answered until it is dropped.
#[derive(Debug)]
struct OpenRequest(Arc<Http1PhaseTracker>);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.answered();
    }
}

pin_project! {
    /// The future of an answer.
    pub(super) struct Answering<F> {
        #[pin]
        future: F,
        open: Option<OpenRequest>,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Answering<F> {
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.future.poll(context))?;
        let open = this.open.take();
        Poll::Ready(Ok(response.map(|body| Answer { body, _open: open })))
    }
}

/// The body of an answer.
pub(super) struct Answer {
    body: Body,
    _open: Option<OpenRequest>,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
