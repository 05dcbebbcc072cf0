//! From a configuration to a listening server, and its end.

use std::io::{self, Write};

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex;

use crate::config::Config;
use crate::error::Error;
use crate::faults::Faults;
use crate::http::AccessLog;
use crate::index::{Index, Options};
use crate::{ServerState, connections, router};

/// Serves until SIGINT or SIGTERM. Prints the address to standard output once it is bound.
///
/// # Errors
/// [`Error`].
pub async fn serve(config: Config) -> Result<(), Error> {
    let signals = Signals::new().map_err(Error::Signals)?;
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
    let state = ServerState {
        index,
        access_log,
        faults: Faults::from_file(config.test_faults),
        allow_origin: config.allow_origin,
        page_isolation: config.page_isolation,
        site: config.site,
    };
    let address = listener.local_addr().map_err(refused)?;
    // Whoever started it may not listen any more; that is no reason not to serve.
    writeln!(io::stdout(), "listening on http://{address}").ok();

    let signals = Mutex::new(signals);
    let next = async || signals.lock().await.next().await;
    connections::serve(listener, router(state), config.limits, next(), next()).await;
    Ok(())
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
