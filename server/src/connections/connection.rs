//! One connection from its acceptance to its end: handshake, then HTTP/1.1 or HTTP/2.

use std::error::Error;
use std::io;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::guarded::Guarded;
use super::sending::Sending;
use super::strict::Strict;
use super::{Limits, http1, http2, tls};
use crate::Site;
use crate::http::Handover;

/// How a connection ended. The words are labels of a metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ended {
    /// The client or the server was done with it.
    Done,
    /// A TLS handshake took longer than [`Limits::head`].
    Handshake,
    /// A request's head took longer than [`Limits::head`], or there was none for so long.
    Head,
    /// The client did not read what it had asked for: [`Limits::stall`].
    Stall,
    /// The client went away, or spoke no HTTP, or no TLS.
    Failed,
}

impl Ended {
    pub(crate) const ALL: [Self; 5] = [Self::Done, Self::Handshake, Self::Head, Self::Stall, Self::Failed];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Handshake => "handshake",
            Self::Head => "head",
            Self::Stall => "stall",
            Self::Failed => "failed",
        }
    }
}

/// Serves it to its end. When `ending` changes, what is running is finished, and nothing new begun.
pub(super) async fn serve(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    site: Site,
    limits: Limits,
    mut ending: watch::Receiver<()>,
) -> Ended {
    let Some(acceptor) = acceptor else {
        // Only here: TLS and HTTP/2 need the bytes themselves.
        let handover = Handover::default();
        let stream = Sending::new(stream, handover.clone());
        let stream = Guarded::new(stream, limits.stall, limits.least_rate);
        let service = Strict { site, handover: Some(handover) };
        return http1::serve(stream, service, &limits, &mut ending).await;
    };
    // On the heap: a connection in clear text would take the memory of one with TLS and HTTP/2.
    Box::pin(serve_secure(stream, acceptor, site, limits, ending)).await
}

async fn serve_secure(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    site: Site,
    limits: Limits,
    mut ending: watch::Receiver<()>,
) -> Ended {
    let stream = Guarded::new(stream, limits.stall, limits.least_rate);
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
        let service = Strict { site, handover: None };
        http1::serve(stream, service, &limits, &mut ending).await
    }
}

/// Tells a client that was given up for not reading from one that failed otherwise.
pub(super) fn failed(error: &(dyn Error + 'static)) -> Ended {
    let mut cause = Some(error);
    let mut stalled = false;
    let mut text = error.to_string();
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        stalled |= io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
        cause = error.source();
        if let Some(cause) = cause {
            text = format!("{text}: {cause}");
        }
    }
    tracing::debug!("a connection ended: {text}");
    if stalled { Ended::Stall } else { Ended::Failed }
}
