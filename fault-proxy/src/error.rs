//! Why the proxy does not start, or upstream gives no answer.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::rule::RuleError;

/// What can go wrong without being asked for.
#[derive(Debug)]
pub enum Error {
    /// The upstream is not an `http` URL of a host.
    UpstreamUrl(String),
    /// A file of rules cannot be read.
    RulesFile { path: PathBuf, source: io::Error },
    /// A file of rules is wrong.
    Rules { path: PathBuf, source: RuleError },
    /// An address cannot be listened on.
    Listen { address: SocketAddr, source: io::Error },
    /// The signals that end the program cannot be awaited.
    Signals(io::Error),
    /// Upstream cannot be reached.
    Connect(io::Error),
    /// Upstream broke off, or does not speak HTTP.
    Upstream(hyper::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpstreamUrl(url) => {
                write!(f, "{url:?} is no upstream; expected http://HOST:PORT, without a path")
            }
            Self::RulesFile { path, source } => write!(f, "{} cannot be read: {source}", path.display()),
            Self::Rules { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Listen { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Self::Signals(source) => write!(f, "cannot wait for signals: {source}"),
            Self::Connect(source) => write!(f, "upstream cannot be reached: {source}"),
            Self::Upstream(source) => write!(f, "upstream gave no answer: {source}"),
        }
    }
}

impl std::error::Error for Error {}
