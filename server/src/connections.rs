//! Accepting connections, and ending those that only hold on to them.
//!
//! A client may be slow, but it must do something: `axum::serve` waits for silent ones for ever. Each limit here has a
//! flag, and a test with a client that reaches it.

mod guarded;
mod sending;
mod strict;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::http::Handover;
use guarded::Guarded;
use sending::Sending;
use strict::Strict;

/// Unsent bytes that the kernel takes of each connection: enough to keep a fast line busy, and with less there would be
/// little to tell a slow reader from one that has stopped (tcp(7), `TCP_NOTSENT_LOWAT`).
const UNSENT: u32 = 128 << 10;

/// Bytes of a request's head, and of what is handed to the connection at once.
const HTTP_BUFFER: usize = 64 << 10;

/// How long to wait when the process has no file descriptors left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What a connection may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Connections at a time. Others wait in the kernel's queue.
    pub connections: usize,
    /// How long a request's head may take, from the connection's beginning or the end of the answer before it: that is
    /// also how long an idle connection is kept.
    pub head: Duration,
    /// How long a client may hold up an answer without reading [`Limits::least_rate`]. It is looked at so often, so that
    /// one that stops reading is closed after at most twice as long.
    pub stall: Duration,
    /// Bytes a second that a client must read while it holds up an answer.
    pub least_rate: u64,
    /// How long running answers may go on when the program is asked to end.
    pub drain: Duration,
}

/// Serves until `end` is over; then no connection is accepted, idle ones are closed, and running answers go on until
/// they are sent, [`Limits::drain`] is over or `at_once` is.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    end: impl Future<Output = ()>,
    at_once: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    tokio::select! {
        () = accept(&listener, &router, limits, &places, &graceful) => {}
        () = end => {}
    }
    drop(listener);
    let running = graceful.count();
    if running > 0 {
        let seconds = limits.drain.as_secs_f64();
        tracing::info!("ending; {running} connections have {seconds} s, a second signal ends at once");
    }
    tokio::select! {
        () = graceful.shutdown() => {}
        () = at_once => {}
        () = sleep(limits.drain) => {}
    }
}

async fn accept(
    listener: &TcpListener,
    router: &Router,
    limits: Limits,
    places: &Arc<Semaphore>,
    graceful: &GracefulShutdown,
) {
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(places).acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                if !is_of_the_client(&error) {
                    tracing::warn!("a connection could not be accepted: {error}");
                    sleep(ACCEPT_AGAIN).await;
                }
                continue;
            }
        };
        prepare(&stream);
        // One answer after the other, as they are: what HTTP/2 or TLS make of stand-ins would be of no use.
        let handover = Handover::default();
        let stream = Sending::new(stream, handover.clone());
        let io = TokioIo::new(Guarded::new(stream, limits.stall, limits.least_rate));
        let strict = Strict { routes: router.clone(), handover: Some(handover) };
        let service = TowerToHyperService::new(strict);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(HTTP_BUFFER)
            .serve_connection(io, service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended: {error}");
            }
            drop(place);
        });
    }
}

fn prepare(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    for (what, done) in [
        ("TCP_NODELAY", stream.set_nodelay(true)),
        ("TCP_NOTSENT_LOWAT", socket.set_tcp_notsent_lowat(UNSENT)),
    ] {
        if let Err(error) = done {
            tracing::debug!("{what} could not be set: {error}");
        }
    }
}

/// It has gone before it was accepted: the next one may be fine.
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}
