//! The access log: one line of JSON for every request, written when its response is done or was given up.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use serde::Serialize;

/// Where lines go.
#[derive(Clone, Debug)]
pub struct AccessLog {
    file: Arc<File>,
}

impl AccessLog {
    /// Opens the log for appending.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self { file: Arc::new(file) })
    }

    fn write(&self, line: &Line) {
        // One write a line: appended lines of several requests do not mix.
        let written = serde_json::to_vec(line).map_err(io::Error::from).and_then(|mut json| {
            json.push(b'\n');
            (&*self.file).write_all(&json)
        });
        if let Err(error) = written {
            tracing::warn!("the access log cannot be written: {error}");
        }
    }
}

/// One request.
#[derive(Debug, Serialize)]
struct Line {
    method: String,
    /// As it came, percent-encoded, without the query.
    path: String,
    status: u16,
    /// Bytes of the body that were handed to the connection.
    bytes: u64,
    /// The request's `Range`.
    range: Option<String>,
    /// From the request's arrival to the end of the body.
    ms: u64,
}

/// Middleware: logs every request to the log in its state, if there is one.
pub(crate) async fn log_access(
    State(log): State<Option<AccessLog>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(log) = log else {
        return next.run(request).await;
    };
    let began = Instant::now();
    let range = request.headers().get(header::RANGE);
    let mut line = Line {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        status: 0,
        bytes: 0,
        range: range.map(|field| String::from_utf8_lossy(field.as_bytes()).into_owned()),
        ms: 0,
    };
    let response = next.run(request).await;
    line.status = response.status().as_u16();
    response.map(|body| Body::new(Counted { body, log, line, began }))
}

/// Counts the bytes of a body and writes the line when it is dropped, finished or not.
struct Counted {
    body: Body,
    log: AccessLog,
    line: Line,
    began: Instant,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            self.line.bytes += data.len() as u64;
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

impl Drop for Counted {
    fn drop(&mut self) {
        self.line.ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.log.write(&self.line);
    }
}
