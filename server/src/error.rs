//! Why the program ends. The error type at its edge has one sentence for the operator in each variant.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::config::ConfigError;
use crate::connections::TlsError;
use crate::index::OpenError;

/// Why the server does not run.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no index.
    #[error(transparent)]
    Index(#[from] OpenError),
    /// The access log cannot be opened.
    #[error("the access log {} cannot be opened ({source}); see --access-log", path.display())]
    AccessLog { path: PathBuf, source: io::Error },
    /// There is no TLS.
    #[error("{0}; see --tls-cert and --tls-key")]
    Tls(#[source] TlsError),
    /// Nothing can be counted.
    #[error("cannot count: {0}")]
    Metrics(#[source] prometheus::Error),
    /// Another program listens on the address, which this flag names.
    #[error("another program listens on {address} already; stop it, or choose another address with {flag}")]
    AddressInUse { address: SocketAddr, flag: &'static str, source: io::Error },
    /// The address, which this flag names, cannot be listened on.
    #[error("cannot listen on {address} ({source}); see {flag}")]
    Listen { address: SocketAddr, flag: &'static str, source: io::Error },
    /// The signals that end the program cannot be awaited.
    #[error("cannot wait for signals: {0}")]
    Signals(#[source] io::Error),
    /// The threads that serve cannot be started.
    #[error("cannot start the threads that serve: {0}")]
    Runtime(#[source] io::Error),
}
