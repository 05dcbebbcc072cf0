//! Several parts of a representation in one answer: RFC 9110 section 14.6, RFC 2046 section 5.1.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::HeaderValue;
use bytes::Bytes;
use conditional_request::ByteRange;
use http_body::{Frame, SizeHint};
use protocol::Digest;

use super::headers::ascii;

/// The bodies of all parts with what stands between them.
#[derive(Debug)]
pub(crate) struct Multipart {
    /// What comes next first.
    segments: VecDeque<Body>,
    left: u64,
}

impl Multipart {
    /// `parts` of a representation of `length` bytes with this digest; `body` gives the bytes of one.
    pub(crate) fn new(
        parts: &[ByteRange],
        length: u64,
        digest: &Digest,
        content_type: &HeaderValue,
        body: impl Fn(ByteRange) -> Body,
    ) -> Self {
        let boundary = boundary(digest);
        let mut segments = VecDeque::new();
        let mut left = 0;
        for (at, part) in parts.iter().enumerate() {
            let mut head = if at == 0 { Vec::new() } else { b"\r\n".to_vec() };
            head.extend(format!("--{boundary}\r\nContent-Type: ").as_bytes());
            head.extend(content_type.as_bytes());
            let ByteRange { first, last } = part;
            head.extend(format!("\r\nContent-Range: bytes {first}-{last}/{length}\r\n\r\n").as_bytes());
            left += head.len() as u64 + part.length();
            segments.push_back(Body::from(head));
            segments.push_back(body(*part));
        }
        let end = format!("\r\n--{boundary}--\r\n");
        left += end.len() as u64;
        segments.push_back(Body::from(end));
        Self { segments, left }
    }

    /// The media type of the answer.
    pub(crate) fn content_type(digest: &Digest) -> HeaderValue {
        ascii(format!("multipart/byteranges; boundary={}", boundary(digest)))
    }

    /// Length in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.left
    }
}

/// It must not occur in any part. That bytes hold the beginning of their own digest does not happen by chance, and cannot
/// be brought about.
fn boundary(digest: &Digest) -> String {
    digest.to_string()
}

impl http_body::Body for Multipart {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while let Some(segment) = self.segments.front_mut() {
            match ready!(Pin::new(segment).poll_frame(context)) {
                Some(Ok(frame)) => {
                    self.left -= frame.data_ref().map_or(0, |data| data.len() as u64).min(self.left);
                    return Poll::Ready(Some(Ok(frame)));
                }
                Some(Err(error)) => {
                    self.segments.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                None => drop(self.segments.pop_front()),
            }
        }
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
