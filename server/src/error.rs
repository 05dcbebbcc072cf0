//! Why the program ends: one type at its edge, each value one sentence for the person who started it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::ConfigError;
use crate::connections::TlsError;
use crate::index::OpenError;

/// Why the server does not run.
#[derive(Debug)]
pub enum Error {
    /// There is no configuration.
    Config(ConfigError),
    /// There is no index.
    Index(OpenError),
    /// The access log cannot be opened.
    AccessLog { path: PathBuf, source: io::Error },
    /// There is no TLS.
    Tls(TlsError),
    /// Nothing can be counted.
    Metrics(prometheus::Error),
    /// The address, which this flag names, cannot be listened on.
    Listen { address: SocketAddr, flag: &'static str, source: io::Error },
    /// The signals that end the program cannot be awaited.
    Signals(io::Error),
    /// The threads that serve cannot be started.
    Runtime(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Index(error) => error.fmt(f),
            Self::AccessLog { path, source } => {
                write!(f, "the access log {} cannot be opened ({source}); see --access-log", path.display())
            }
            Self::Tls(error) => write!(f, "{error}; see --tls-cert and --tls-key"),
            Self::Metrics(source) => write!(f, "cannot count: {source}"),
            Self::Listen { address, flag, source } if source.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "another program listens on {address} already; stop it, or choose another address with {flag}"
            ),
            Self::Listen { address, flag, source } => {
                write!(f, "cannot listen on {address} ({source}); see {flag}")
            }
            Self::Signals(source) => write!(f, "cannot wait for signals: {source}"),
            Self::Runtime(source) => write!(f, "cannot start the threads that serve: {source}"),
        }
    }
}

impl std::error::Error for Error {}
