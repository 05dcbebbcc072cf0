//! What hyper works with on an HTTP/1.1 connection, each telling [`Stages`] what it sees: the stream, the service, the
//! bodies of answers.

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

use super::stage::Stages;
use super::strict::Strict;

/// A stream of which some bytes were read before.
#[derive(Debug)]
pub(super) struct StagedStream<S> {
    stream: S,
    first: Bytes,
    stages: Arc<Stages>,
}

impl<S> StagedStream<S> {
    pub(super) fn new(stream: S, first: Bytes, stages: &Arc<Stages>) -> Self {
        Self { stream, first, stages: Arc::clone(stages) }
    }

    /// The stream, and what nobody has read yet of the bytes before.
    pub(super) fn into_inner(self) -> (S, Bytes) {
        (self.stream, self.first)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StagedStream<S> {
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
        self.stages.read();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StagedStream<S> {
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
        self.stages.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The service.
#[derive(Debug)]
pub(super) struct StagedService {
    service: Strict,
    stages: Arc<Stages>,
}

impl StagedService {
    pub(super) fn new(service: Strict, stages: &Arc<Stages>) -> Self {
        Self { service, stages: Arc::clone(stages) }
    }
}

impl hyper::service::Service<Request<Incoming>> for StagedService {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Answering<<Strict as tower::Service<Request<Incoming>>>::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.stages.asked(!request.body().is_end_stream());
        let open = Open(Arc::clone(&self.stages));
        // It is always ready.
        Answering { future: self.service.clone().call(request), open: Some(open) }
    }
}

/// A request that is being answered; until it is dropped.
#[derive(Debug)]
struct Open(Arc<Stages>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.answered();
    }
}

pin_project! {
    /// The way to an answer.
    pub(super) struct Answering<F> {
        #[pin]
        future: F,
        open: Option<Open>,
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
    _open: Option<Open>,
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
