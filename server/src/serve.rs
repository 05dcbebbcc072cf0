//! From a configuration to a listening server, and its end.

use std::future::Future;
use std::io::{self, Write};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::config::Config;
use crate::error::Error;
use crate::faults::Faults;
use crate::http::AccessLog;
use crate::index::{Index, Options};
use crate::{ServerState, router};

/// How long running responses may go on after the first signal.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until SIGINT or SIGTERM. Prints the address to standard output once it is bound.
///
/// # Errors
/// [`Error`].
pub async fn serve(config: Config) -> Result<(), Error> {
    let mut signals = Signals::new().map_err(Error::Signals)?;
    let access_log = config
        .access_log
        .map(|path| AccessLog::open(&path).map_err(|source| Error::AccessLog { path, source }));
    let access_log = access_log.transpose()?;
    // Before anything else is touched: beside a server that runs already, this one must leave no trace.
    let refused = |source| Error::Listen { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(refused)?;
    let index =
        Index::open(Options { root: config.models, piece_size: config.piece_size, rescan: config.rescan })
            .map_err(Error::Index)?;
    let state =
        ServerState { index, access_log, faults: Faults::from_file(config.test_faults), site: config.site };
    let address = listener.local_addr().map_err(refused)?;
    // Whoever started it may not listen any more; that is no reason not to serve.
    writeln!(io::stdout(), "listening on http://{address}").ok();

    let (drain, mut draining) = watch::channel(());
    let server = axum::serve(listener, router(state)).with_graceful_shutdown(async move {
        // An error says that the sender is gone, which means the same.
        draining.changed().await.ok();
    });
    let end = async {
        signals.next().await;
        tracing::info!("ending; running responses have {} s, a second signal ends at once", DRAIN.as_secs());
        drain.send(()).ok();
        tokio::select! {
            () = signals.next() => {}
            () = tokio::time::sleep(DRAIN) => {}
        }
    };
    first_of(server.into_future(), end).await.map_err(Error::Serve)
}

async fn first_of(
    server: impl Future<Output = io::Result<()>>,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    tokio::select! {
        result = server => result,
        () = end => Ok(()),
    }
}

/// The signals that ask a program to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
