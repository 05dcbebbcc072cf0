//! One connection: TLS handshake, then HTTP/1.1 or HTTP/2.

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::ended::{Ended, failed};
use super::request_validation::RequestValidation;
use super::sendfile_stream::SendfileStream;
use super::write_timeout::WriteTimeout;
use super::{Limits, http1, http2, tls};
use crate::http::SendfileQueue;
use crate::site::Site;

/// Serves a connection to its end. When `ending` changes, running requests are finished, and no others begun.
pub(super) async fn serve(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    site: Site,
    limits: Limits,
    mut ending: watch::Receiver<()>,
) -> Ended {
    let Some(acceptor) = acceptor else {
        // Only in clear text: TLS and HTTP/2 need the bytes themselves.
        let queue = SendfileQueue::default();
        let stream = SendfileStream::new(stream, queue.clone());
        let stream = WriteTimeout::new(stream, limits.stall, limits.least_rate);
        let service = RequestValidation { site, queue: Some(queue) };
        return http1::serve(stream, service, &limits, &mut ending).await;
    };
    // On the heap: else the task of a clear-text connection would be as large as one with TLS and HTTP/2.
    Box::pin(serve_secure(stream, acceptor, site, limits, ending)).await
}

async fn serve_secure(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    site: Site,
    limits: Limits,
    mut ending: watch::Receiver<()>,
) -> Ended {
    let stream = WriteTimeout::new(stream, limits.stall, limits.least_rate);
    let handshake = timeout(limits.head, acceptor.accept(stream));
    let stream = tokio::select! {
        outcome = handshake => match outcome {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return failed(&error),
            Err(_) => return Ended::Handshake,
        },
        _ = ending.changed() => return Ended::Done,
    };
    if stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2) {
        http2::serve(stream, site, limits, &mut ending).await
    } else {
        let service = RequestValidation { site, queue: None };
        http1::serve(stream, service, &limits, &mut ending).await
    }
}
