//! Command line, environment and configuration file. Raw flags are parsed first, and then turned into a
//! checked [`Config`]. This module opens the configuration file, and no other file or socket.

mod file;
mod flags;
mod print;
mod task;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::connections::{Limits, TlsFiles};
use crate::http::{AllowedOrigins, PageIsolation};
use crate::logging::{LogFilter, LogFormat};
use flags::Flags;

pub use file::{FileError, UnknownKind, ValueError};
pub use task::Task;

/// Everything the program needs to know, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder with the models.
    pub models: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Length in bytes of a full piece.
    pub piece_size: u64,
    /// Time between two looks at the models folder.
    pub rescan: Duration,
    /// Folder with the built pages.
    pub site: Option<PathBuf>,
    /// Certificate and key; without, it is clear text.
    pub tls: Option<TlsFiles>,
    /// What a connection may take.
    pub limits: Limits,
    /// Whose pages may read models and pieces.
    pub allow_origin: AllowedOrigins,
    /// How our own pages are isolated.
    pub page_isolation: PageIsolation,
    /// Where to log requests.
    pub access_log: Option<PathBuf>,
    /// What to log.
    pub log: LogFilter,
    /// And how.
    pub log_format: LogFormat,
    /// Where to serve metrics.
    pub metrics_listen: Option<SocketAddr>,
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The flags or the environment are wrong; or `--help` or `--version` was asked for.
    #[error(transparent)]
    Flags(#[from] clap::Error),
    /// The configuration file is wrong.
    #[error(transparent)]
    File(#[from] FileError),
    /// One of two settings that go together is missing.
    #[error("there is a {given}, and no {missing}; name both")]
    Alone { given: &'static str, missing: &'static str },
}

impl TryFrom<Flags> for Config {
    type Error = ConfigError;

    fn try_from(flags: Flags) -> Result<Self, ConfigError> {
        let tls = match (flags.tls_cert, flags.tls_key) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (None, None) => None,
            (Some(_), None) => return Err(ConfigError::Alone { given: "tls-cert", missing: "tls-key" }),
            (None, Some(_)) => return Err(ConfigError::Alone { given: "tls-key", missing: "tls-cert" }),
        };
        Ok(Self {
            models: flags.models,
            listen: flags.listen,
            piece_size: flags.piece_size,
            rescan: flags.rescan_seconds,
            site: flags.site,
            tls,
            limits: Limits {
                connections: flags.max_connections,
                head: flags.head_seconds,
                stall: flags.stall_seconds,
                least_rate: flags.least_rate,
                drain: flags.drain_seconds,
            },
            allow_origin: flags.allow_origin,
            page_isolation: flags.page_isolation,
            access_log: flags.access_log,
            log: flags.log,
            log_format: flags.log_format,
            metrics_listen: flags.metrics_listen,
        })
    }
}
