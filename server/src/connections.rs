//! Accepts connections, and closes those of idle clients.
//!
//! A client may be slow, but not idle; `axum::serve` waits for idle clients forever. Each limit here has a
//! flag, and a test with a client that reaches it.

mod connection;
mod descriptors;
mod ended;
mod http1;
mod http1_phase;
mod http1_phase_io;
mod http2;
mod request_validation;
mod sendfile_stream;
mod stall_watch;
mod tls;
mod write_timeout;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

use crate::metrics::Metrics;
use crate::site::Site;

pub(crate) use descriptors::raise_limit;
pub(crate) use ended::Ended;
pub(crate) use tls::Tls;
pub use tls::{TlsError, TlsFiles};

/// Unsent bytes that the kernel buffers for each connection (tcp(7), `TCP_NOTSENT_LOWAT`). With 512 KiB, sending on one
/// connection takes a tenth more CPU time; with less, sending on 64 takes a fifth more. With much more, thousands of slow clients
/// would fill the kernel's memory, and a slow reader could hardly be told from one that has stopped.
const UNSENT: u32 = 768 << 10;

/// Bytes of a request's head, and of hyper's write buffer.
const HTTP_BUFFER: usize = 64 << 10;

/// Pause before accepting again when the process has no file descriptors left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Limits of connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Connections at a time. Others wait in the kernel's queue.
    pub connections: usize,
    /// How long a request's head may take, counted from the beginning of the connection or the end of the previous answer. It is
    /// therefore also the time after which an idle connection is closed.
    pub head: Duration,
    /// How long a client may stall an answer by reading less than [`Limits::least_rate`]. This is also the interval of the checks,
    /// so a client that stops reading is closed after at most twice as long.
    pub stall: Duration,
    /// Bytes a second that a client must read while it stalls an answer.
    pub least_rate: u64,
    /// How long running answers may continue when the program is asked to end.
    pub drain: Duration,
}

/// What connections are served with.
#[derive(Clone, Debug)]
pub(crate) struct Serving {
    pub(crate) site: Site,
    pub(crate) limits: Limits,
    /// In clear text without.
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) metrics: Option<Metrics>,
}

/// Serves until `end` is over. Then it accepts no more connections and closes idle ones. Running answers
/// continue until they are sent, [`Limits::drain`] is over or `at_once` is.
pub(crate) async fn serve(
    listener: TcpListener,
    serving: Serving,
    end: impl Future<Output = ()>,
    at_once: impl Future<Output = ()>,
) {
    let drain = serving.limits.drain;
    let (ending, _) = watch::channel(());
    tokio::select! {
        () = accept(&listener, &serving, &ending) => {}
        () = end => {}
    }
    drop(listener);
    let running = ending.receiver_count();
    if running > 0 {
        let seconds = drain.as_secs_f64();
        tracing::info!("ending; {running} connections have {seconds} s, a second signal ends at once");
    }
    // Fails only if there is no connection.
    ending.send(()).ok();
    tokio::select! {
        // Each connection has a receiver for as long as it lasts.
        () = ending.closed() => {}
        () = at_once => {}
        () = sleep(drain) => {}
    }
}

async fn accept(listener: &TcpListener, serving: &Serving, ending: &watch::Sender<()>) {
    let permits = Arc::new(Semaphore::new(serving.limits.connections));
    while let Some(permit) = permit(&permits, serving).await {
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
        let acceptor = serving.tls.as_ref().map(|tls| tls.acceptor());
        let (site, limits) = (serving.site.clone(), serving.limits);
        let open = serving.metrics.as_ref().map(Metrics::connection);
        let ending = ending.subscribe();
        // A handshake takes time, so it must not run in this loop.
        tokio::spawn(async move {
            let ended = connection::serve(stream, acceptor, site, limits, ending).await;
            if let Some(open) = open {
                open.ended(ended);
            }
            drop(permit);
        });
    }
}

/// A permit for one more connection, as soon as there is one. The semaphore is never closed.
async fn permit(permits: &Arc<Semaphore>, serving: &Serving) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
        return Some(permit);
    }
    if let Some(metrics) = &serving.metrics {
        metrics.connections_are_full();
    }
    Arc::clone(permits).acquire_owned().await.ok()
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

/// Whether the client closed the connection before it was accepted: the next one may be fine.
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}
