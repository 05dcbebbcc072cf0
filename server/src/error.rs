//! Why the program ends: one type at its edge, each value one sentence for the person who started it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::index::OpenError;

/// Why the server does not run.
#[derive(Debug)]
pub enum Error {
    /// There is no index.
    Index(OpenError),
    /// `--log` is not a filter.
    Log { filter: String, reason: String },
    /// The access log cannot be opened.
    AccessLog { path: PathBuf, source: io::Error },
    /// The address cannot be listened on.
    Listen { address: SocketAddr, source: io::Error },
    /// The signals that end the program cannot be awaited.
    Signals(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(error) => error.fmt(f),
            Self::Log { filter, reason } => {
                write!(f, "{filter:?} is not a log filter ({reason}); try --log info")
            }
            Self::AccessLog { path, source } => {
                write!(f, "the access log {} cannot be opened ({source}); see --access-log", path.display())
            }
            Self::Listen { address, source } if source.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "another program listens on {address} already; stop it, or choose another address with --listen"
            ),
            Self::Listen { address, source } => {
                write!(f, "cannot listen on {address} ({source}); see --listen")
            }
            Self::Signals(source) => write!(f, "cannot wait for signals: {source}"),
        }
    }
}

impl std::error::Error for Error {}
