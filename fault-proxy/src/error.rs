//! Why the proxy does not start, or upstream gives no answer.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::rule::RuleError;

/// What can go wrong without being asked for.
#[derive(Debug, Error)]
pub enum Error {
    /// The upstream is not an `http` URL of a host.
    #[error("{0:?} is no upstream; expected http://HOST:PORT, without a path")]
    UpstreamUrl(String),
    /// A file of rules cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    RulesFile { path: PathBuf, source: io::Error },
    /// A file of rules is wrong.
    #[error("{}: {source}", path.display())]
    Rules { path: PathBuf, source: RuleError },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    /// The signals that end the program cannot be awaited.
    #[error("cannot wait for signals: {0}")]
    Signals(#[source] io::Error),
    /// Upstream cannot be reached.
    #[error("upstream cannot be reached: {0}")]
    Connect(#[source] io::Error),
    /// Upstream broke off, or does not speak HTTP.
    #[error("upstream gave no answer: {0}")]
    Upstream(#[source] hyper::Error),
}
