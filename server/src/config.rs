//! Command line and environment: raw flags are parsed low, then turned once into a checked [`Config`].
//! Nothing here opens a file or a socket.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::connections::Limits;
use crate::http::{AllowedOrigins, PageIsolation};

/// Default length in bytes of a piece.
const PIECE_SIZE: u64 = 32 << 20;
/// The shortest piece allowed: below that, requests cost more than bytes.
const PIECE_SIZE_MIN: u64 = 64 << 10;
/// The longest piece allowed: a browser holds two of them in memory.
const PIECE_SIZE_MAX: u64 = 256 << 20;

/// Hosts a folder of AI models for browsers and for model-hub clients.
#[derive(Clone, Debug, Parser)]
#[command(name = "modelferry", version)]
pub struct Flags {
    /// Folder with the models, laid out as <owner>/<name>/<files>.
    #[arg(long, value_name = "DIR", default_value = "models", env = "MODELFERRY_MODELS")]
    models: PathBuf,

    /// Address and port to listen on; port 0 takes any free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000", env = "MODELFERRY_LISTEN")]
    listen: SocketAddr,

    /// Length in bytes of the pieces that files are cut into, 65536 to 268435456.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = PIECE_SIZE,
        value_parser = clap::value_parser!(u64).range(PIECE_SIZE_MIN..=PIECE_SIZE_MAX),
        env = "MODELFERRY_PIECE_SIZE"
    )]
    piece_size: u64,

    /// Seconds between two looks at the models folder; more when one look takes long.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 2.0,
        value_parser = seconds,
        env = "MODELFERRY_RESCAN_SECONDS"
    )]
    rescan_seconds: f64,

    /// Folder with the built pages, as `cargo leptos build` makes it.
    #[arg(long, value_name = "DIR", default_value = "target/site", env = "LEPTOS_SITE_ROOT")]
    site: PathBuf,

    /// Connections served at a time; others wait.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 4096,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1_000_000),
        env = "MODELFERRY_MAX_CONNECTIONS",
        help_heading = "Limits"
    )]
    max_connections: usize,

    /// Seconds that a request's head may take, and that an idle connection is kept.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60.0,
        value_parser = seconds,
        env = "MODELFERRY_HEAD_SECONDS",
        help_heading = "Limits"
    )]
    head_seconds: f64,

    /// Seconds that a client may hold up an answer, reading less than --least-rate.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60.0,
        value_parser = seconds,
        env = "MODELFERRY_STALL_SECONDS",
        help_heading = "Limits"
    )]
    stall_seconds: f64,

    /// Bytes a second that a client must read while it holds up an answer.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 500,
        env = "MODELFERRY_LEAST_RATE",
        help_heading = "Limits"
    )]
    least_rate: u64,

    /// Seconds that running downloads have when the program is asked to end.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 30.0,
        value_parser = seconds,
        env = "MODELFERRY_DRAIN_SECONDS",
        help_heading = "Limits"
    )]
    drain_seconds: f64,

    /// Whose pages may read models and pieces: *, none, or origins such as https://example.org with commas between.
    #[arg(
        long,
        value_name = "ORIGINS",
        default_value = "*",
        env = "MODELFERRY_ALLOW_ORIGIN",
        help_heading = "Other origins"
    )]
    allow_origin: AllowedOrigins,

    /// How the pages are isolated from other origins, for shared memory in their scripts.
    #[arg(
        long,
        value_name = "HOW",
        value_enum,
        default_value_t = PageIsolation::RequireCorp,
        env = "MODELFERRY_PAGE_ISOLATION",
        help_heading = "Other origins"
    )]
    page_isolation: PageIsolation,

    /// Append one line of JSON to this file for every finished request.
    #[arg(long, value_name = "FILE", env = "MODELFERRY_ACCESS_LOG")]
    access_log: Option<PathBuf>,

    /// What to log to standard error: a level (error, warn, info, debug, trace) or a filter by module.
    #[arg(long, value_name = "FILTER", default_value = "info", env = "MODELFERRY_LOG")]
    log: String,

    /// For tests only: faults to make, see `server/src/faults.rs`.
    #[arg(long, value_name = "FILE", env = "MODELFERRY_TEST_FAULTS", hide = true)]
    test_faults: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=86_400.0).contains(&seconds) => Ok(seconds),
        Ok(_) | Err(_) => Err("expected seconds from 0.01 to 86400".to_owned()),
    }
}

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
    pub site: PathBuf,
    /// What a connection may take.
    pub limits: Limits,
    /// Whose pages may read models and pieces.
    pub allow_origin: AllowedOrigins,
    /// How our own pages are isolated.
    pub page_isolation: PageIsolation,
    /// Where to log requests.
    pub access_log: Option<PathBuf>,
    /// What to log.
    pub log: String,
    /// Faults to make, in tests.
    pub test_faults: Option<PathBuf>,
}

impl Config {
    /// Reads command line and environment. A wrong value, `--help` and `--version` end the program here, with
    /// a sentence that names flag and value.
    #[must_use]
    pub fn from_command_line() -> Self {
        Flags::parse().into()
    }
}

impl From<Flags> for Config {
    fn from(flags: Flags) -> Self {
        Self {
            models: flags.models,
            listen: flags.listen,
            piece_size: flags.piece_size,
            rescan: Duration::from_secs_f64(flags.rescan_seconds),
            site: flags.site,
            limits: Limits {
                connections: flags.max_connections,
                head: Duration::from_secs_f64(flags.head_seconds),
                stall: Duration::from_secs_f64(flags.stall_seconds),
                least_rate: flags.least_rate,
                drain: Duration::from_secs_f64(flags.drain_seconds),
            },
            allow_origin: flags.allow_origin,
            page_isolation: flags.page_isolation,
            access_log: flags.access_log,
            log: flags.log,
            test_faults: flags.test_faults,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Config, String> {
        let args = std::iter::once(&"modelferry").chain(args);
        Flags::try_parse_from(args).map(Config::from).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_as_documented() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.models, PathBuf::from("models"));
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.piece_size, 33_554_432);
        assert_eq!(config.rescan, Duration::from_secs(2));
    }

    #[test]
    fn a_bad_value_is_named_with_its_flag() {
        for (flag, value) in [
            ("--piece-size", "65535"),
            ("--piece-size", "268435457"),
            ("--piece-size", "32M"),
            ("--listen", "localhost"),
            ("--rescan-seconds", "0"),
            ("--rescan-seconds", "NaN"),
            ("--max-connections", "0"),
            ("--stall-seconds", "0"),
            ("--least-rate", "fast"),
            ("--allow-origin", "example.org"),
            ("--page-isolation", "on"),
        ] {
            let error = parse(&[flag, value]).unwrap_err();
            assert!(error.contains(flag) && error.contains(value), "{error}");
        }
        assert_eq!(parse(&["--piece-size", "65536"]).unwrap().piece_size, 65_536);
    }
}
