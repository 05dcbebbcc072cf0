//! The server behind the proxy: one connection for each request, which ends with the answer or when the answer
//! is no longer wanted.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::error::Error;

/// Where requests go: host and port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Upstream(String);

impl FromStr for Upstream {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        let wrong = || Error::UpstreamUrl(url.to_owned());
        let uri = Uri::from_str(url).map_err(|_syntax| wrong())?;
        let bare = uri.path_and_query().is_none_or(|path| path == "/");
        if uri.scheme_str() != Some("http") || !bare {
            return Err(wrong());
        }
        let host = uri.host().ok_or_else(wrong)?;
        Ok(Self(format!("{host}:{}", uri.port_u16().unwrap_or(80))))
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

impl Upstream {
    /// Asks, and returns as soon as the head of the answer is there.
    pub(crate) async fn ask(&self, request: Request<Incoming>) -> Result<Response<UpstreamBody>, Error> {
        let stream = TcpStream::connect(&self.0).await.map_err(Error::Connect)?;
        stream.set_nodelay(true).map_err(Error::Connect)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(Error::Upstream)?;
        // Its error comes to the answer as well.
        let task = Task(tokio::spawn(async move { connection.await.unwrap_or(()) }));
        let answer = sender.send_request(request).await.map_err(Error::Upstream)?;
        Ok(answer.map(|incoming| UpstreamBody { incoming, _task: task }))
    }
}

/// The body of an answer; the connection to upstream is closed when it is dropped.
#[derive(Debug)]
pub(crate) struct UpstreamBody {
    incoming: Incoming,
    _task: Task,
}

#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl UpstreamBody {
    pub(crate) fn poll_chunk(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        loop {
            match ready!(Pin::new(&mut self.incoming).poll_frame(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => {
                    // Trailers are not passed on.
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    /// Bytes still to come, if that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        if self.incoming.is_end_stream() { Some(0) } else { self.incoming.size_hint().exact() }
    }

    /// All of it, in memory.
    pub(crate) async fn collect(mut self) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        while let Some(chunk) = std::future::poll_fn(|context| self.poll_chunk(context)).await {
            all.extend_from_slice(&chunk.map_err(Error::Upstream)?);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_host_with_or_without_a_port() {
        let read = |url: &str| url.parse::<Upstream>().map(|upstream| upstream.to_string()).ok();
        assert_eq!(read("http://127.0.0.1:3000").unwrap(), "http://127.0.0.1:3000");
        assert_eq!(read("http://localhost/").unwrap(), "http://localhost:80");
        assert_eq!(read("http://[::1]:3000").unwrap(), "http://[::1]:3000");
        for wrong in
            ["https://localhost", "localhost:3000", "http://localhost/path", "http://localhost/?q", ""]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
