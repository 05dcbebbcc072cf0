//! Starts the server from a configuration, and shuts it down.

use std::future::pending;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex;

use crate::config::Config;
use crate::connections::{Limits, Serving, Tls};
use crate::error::Error;
use crate::http::AccessLog;
use crate::index::{Index, Options};
use crate::metrics::Metrics;
use crate::site::Site;
use crate::state::ServerState;
use crate::{connections, metrics};

/// Connections at a time to the metrics: one scraper needs one.
const SCRAPERS: usize = 16;

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
    // First of all: if another server runs already, this one must end without side effects.
    let (listener, address) = listen(config.listen, "--listen").await?;
    let metrics = match config.metrics_listen {
        Some(address) => {
            let (listener, address) = listen(address, "--metrics-listen").await?;
            Some((listener, address, Metrics::new().map_err(Error::Metrics)?))
        }
        None => None,
    };
    let tls = config.tls.map(|files| Tls::open(files).map(Arc::new)).transpose().map_err(Error::Tls)?;
    connections::raise_limit(config.limits.connections);
    let index =
        Index::open(Options { root: config.models, piece_size: config.piece_size, rescan: config.rescan })
            .map_err(Error::Index)?;
    let state = ServerState {
        index: index.clone(),
        access_log,
        metrics: metrics.as_ref().map(|(_, _, metrics)| metrics.clone()),
        allow_origin: config.allow_origin,
        page_isolation: config.page_isolation,
        site: config.site.map(Into::into),
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    // Fails only if standard output is closed, which is no reason not to serve.
    writeln!(io::stdout(), "listening on {scheme}://{address}").ok();

    if let Some(tls) = &tls {
        tokio::spawn(Arc::clone(tls).follow(config.rescan));
    }
    let serving =
        Serving { metrics: state.metrics.clone(), site: Site::new(state), limits: config.limits, tls };
    if let Some((listener, address, metrics)) = metrics {
        tracing::info!("metrics on http://{address}/metrics");
        let limits = Limits { connections: SCRAPERS, ..config.limits };
        let serving = Serving {
            site: metrics::router(metrics, index.clone()).into(),
            limits,
            tls: None,
            metrics: None,
        };
        // Metrics are served until the process ends.
        tokio::spawn(connections::serve(listener, serving, pending(), pending()));
    }
    let signals = Mutex::new(signals);
    let next = async || signals.lock().await.next().await;
    connections::serve(listener, serving, next(), next()).await;
    // Connections that were cut may still hold clones of the index.
    index.end();
    Ok(())
}

/// The listener and its address; for port 0, with the port that the system chose.
async fn listen(address: SocketAddr, flag: &'static str) -> Result<(TcpListener, SocketAddr), Error> {
    let refused = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => Error::AddressInUse { address, flag, source },
        _ => Error::Listen { address, flag, source },
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
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
