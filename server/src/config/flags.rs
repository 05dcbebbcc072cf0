//! The flags of the command line, each with its own check. [`super`] checks how they fit together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use thiserror::Error;

use super::file::VARIABLE;
use crate::http::{AllowedOrigins, PageIsolation};
use crate::logging::{LogFilter, LogFormat};

/// Default length in bytes of a piece.
pub(super) const PIECE_SIZE: u64 = 32 << 20;
/// The shortest piece allowed: below that, requests cost more than bytes.
const PIECE_SIZE_MIN: u64 = 64 << 10;
/// The longest piece allowed: a browser holds two of them in memory.
const PIECE_SIZE_MAX: u64 = 256 << 20;

/// Hosts a folder of AI models for browsers and for model-hub clients.
///
/// Each option can also be given as an environment variable, and as a key of the configuration file: there
/// `listen = "0.0.0.0:8080"` stands for --listen 0.0.0.0:8080. Options override the environment, which overrides the file.
#[derive(Clone, Debug, Parser)]
#[command(name = "modelferry", version)]
pub(super) struct Flags {
    /// Configuration file, in TOML.
    #[arg(long, value_name = "FILE", env = VARIABLE, help_heading = "Configuration")]
    pub(super) config: Option<PathBuf>,

    /// Print each value and its source, as a configuration file, and exit.
    #[arg(long, help_heading = "Configuration")]
    pub(super) print_config: bool,

    /// Folder with the models, laid out as <owner>/<name>/<files>.
    #[arg(long, value_name = "DIR", default_value = "models", env = "MODELFERRY_MODELS")]
    pub(super) models: PathBuf,

    /// Address and port to listen on; port 0 takes any free one.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:3000",
        value_parser = address,
        env = "MODELFERRY_LISTEN"
    )]
    pub(super) listen: SocketAddr,

    /// Length in bytes of the pieces that files are cut into, 65536 to 268435456.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = PIECE_SIZE,
        value_parser = clap::value_parser!(u64).range(PIECE_SIZE_MIN..=PIECE_SIZE_MAX),
        env = "MODELFERRY_PIECE_SIZE"
    )]
    pub(super) piece_size: u64,

    /// Seconds between two scans of the models folder; more when a scan takes long.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "2",
        value_parser = seconds,
        env = "MODELFERRY_RESCAN_SECONDS"
    )]
    pub(super) rescan_seconds: Duration,

    /// Folder with scripts, styles and pictures for the pages (`pkg/`, `assets/`), in place of those in this program.
    #[arg(long, value_name = "DIR", env = "MODELFERRY_SITE")]
    pub(super) site: Option<PathBuf>,

    /// Certificate for HTTPS and its intermediate certificates, in PEM; read again when the file changes.
    #[arg(long, value_name = "FILE", env = "MODELFERRY_TLS_CERT", help_heading = "HTTPS")]
    pub(super) tls_cert: Option<PathBuf>,

    /// Private key of the certificate, in PEM.
    #[arg(long, value_name = "FILE", env = "MODELFERRY_TLS_KEY", help_heading = "HTTPS")]
    pub(super) tls_key: Option<PathBuf>,

    /// Connections served at a time; others wait.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 4096,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1_000_000),
        env = "MODELFERRY_MAX_CONNECTIONS",
        help_heading = "Limits"
    )]
    pub(super) max_connections: usize,

    /// Seconds that a request's head may take, and that an idle connection is kept.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "60",
        value_parser = seconds,
        env = "MODELFERRY_HEAD_SECONDS",
        help_heading = "Limits"
    )]
    pub(super) head_seconds: Duration,

    /// Seconds that a client may hold up an answer, reading less than --least-rate.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "60",
        value_parser = seconds,
        env = "MODELFERRY_STALL_SECONDS",
        help_heading = "Limits"
    )]
    pub(super) stall_seconds: Duration,

    /// Bytes a second that a client must read while it holds up an answer.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 500,
        env = "MODELFERRY_LEAST_RATE",
        help_heading = "Limits"
    )]
    pub(super) least_rate: u64,

    /// Seconds that running downloads have when the program shuts down.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "30",
        value_parser = seconds,
        env = "MODELFERRY_DRAIN_SECONDS",
        help_heading = "Limits"
    )]
    pub(super) drain_seconds: Duration,

    /// Whose pages may read models and pieces: *, none, or origins such as https://example.org with commas between.
    #[arg(
        long,
        value_name = "ORIGINS",
        default_value = "*",
        env = "MODELFERRY_ALLOW_ORIGIN",
        help_heading = "Other origins"
    )]
    pub(super) allow_origin: AllowedOrigins,

    /// How the pages are isolated from other origins, for shared memory in their scripts.
    #[arg(
        long,
        value_name = "HOW",
        value_enum,
        default_value_t = PageIsolation::RequireCorp,
        env = "MODELFERRY_PAGE_ISOLATION",
        help_heading = "Other origins"
    )]
    pub(super) page_isolation: PageIsolation,

    /// Append one line of JSON to this file for every finished request.
    #[arg(long, value_name = "FILE", env = "MODELFERRY_ACCESS_LOG", help_heading = "Watching")]
    pub(super) access_log: Option<PathBuf>,

    /// What to log to standard error: a level (error, warn, info, debug, trace) or a filter by module.
    #[arg(
        long,
        value_name = "FILTER",
        default_value = "info",
        env = "MODELFERRY_LOG",
        help_heading = "Watching"
    )]
    pub(super) log: LogFilter,

    /// How to log to standard error.
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t = LogFormat::Human,
        env = "MODELFERRY_LOG_FORMAT",
        help_heading = "Watching"
    )]
    pub(super) log_format: LogFormat,

    /// Address and port where /metrics is served, for Prometheus; off by default.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        value_parser = address,
        env = "MODELFERRY_METRICS_LISTEN",
        help_heading = "Watching"
    )]
    pub(super) metrics_listen: Option<SocketAddr>,
}

/// Why a text is no address.
#[derive(Clone, Debug, Error)]
#[error("expected an IP address and a port, such as 127.0.0.1:3000, 0.0.0.0:3000 or [::1]:3000")]
struct NotAddress;

fn address(text: &str) -> Result<SocketAddr, NotAddress> {
    text.parse().ok().ok_or(NotAddress)
}

/// Why a text is no time.
#[derive(Clone, Debug, Error)]
#[error("expected seconds from 0.01 to 86400")]
struct NotSeconds;

fn seconds(text: &str) -> Result<Duration, NotSeconds> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        Ok(_) | Err(_) => Err(NotSeconds),
    }
}
