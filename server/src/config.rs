//! Command line, environment and configuration file: raw flags are parsed low, then turned once into a checked
//! [`Config`]. Only the configuration file is opened here, and no socket.

mod file;
mod print;

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};

use crate::connections::{Limits, TlsFiles};
use crate::http::{AllowedOrigins, PageIsolation};
use crate::logging::{LogFilter, LogFormat};

pub use file::FileError;

/// Default length in bytes of a piece.
const PIECE_SIZE: u64 = 32 << 20;
/// The shortest piece allowed: below that, requests cost more than bytes.
const PIECE_SIZE_MIN: u64 = 64 << 10;
/// The longest piece allowed: a browser holds two of them in memory.
const PIECE_SIZE_MAX: u64 = 256 << 20;

/// Hosts a folder of AI models for browsers and for model-hub clients.
///
/// Each option can also be given as an environment variable, and as a key of the configuration file: there
/// `listen = "0.0.0.0:8080"` stands for --listen 0.0.0.0:8080. An option goes before the environment, and that before the
/// file.
#[derive(Clone, Debug, Parser)]
#[command(name = "modelferry", version)]
pub struct Flags {
    /// Configuration file, in TOML.
    #[arg(long, value_name = "FILE", env = file::VARIABLE, help_heading = "Configuration")]
    config: Option<PathBuf>,

    /// Print what applies and where it comes from, as a configuration file, and end.
    #[arg(long, help_heading = "Configuration")]
    print_config: bool,

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

    /// Folder with scripts, styles and pictures for the pages (`pkg/`, `assets/`), in place of those in this program.
    #[arg(long, value_name = "DIR", env = "MODELFERRY_SITE")]
    site: Option<PathBuf>,

    /// Certificate for HTTPS and those that vouch for it, in PEM; read again when the file changes.
    #[arg(long, value_name = "FILE", env = "MODELFERRY_TLS_CERT", help_heading = "HTTPS")]
    tls_cert: Option<PathBuf>,

    /// Private key of the certificate, in PEM.
    #[arg(long, value_name = "FILE", env = "MODELFERRY_TLS_KEY", help_heading = "HTTPS")]
    tls_key: Option<PathBuf>,

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
    #[arg(long, value_name = "FILE", env = "MODELFERRY_ACCESS_LOG", help_heading = "Watching")]
    access_log: Option<PathBuf>,

    /// What to log to standard error: a level (error, warn, info, debug, trace) or a filter by module.
    #[arg(
        long,
        value_name = "FILTER",
        default_value = "info",
        env = "MODELFERRY_LOG",
        help_heading = "Watching"
    )]
    log: LogFilter,

    /// How to log to standard error.
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t = LogFormat::Human,
        env = "MODELFERRY_LOG_FORMAT",
        help_heading = "Watching"
    )]
    log_format: LogFormat,

    /// Address and port where /metrics is served, for Prometheus; nowhere without.
    #[arg(long, value_name = "ADDR:PORT", env = "MODELFERRY_METRICS_LISTEN", help_heading = "Watching")]
    metrics_listen: Option<SocketAddr>,
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
#[derive(Debug)]
pub enum ConfigError {
    /// The flags or the environment are wrong; or `--help` or `--version` was asked for.
    Flags(clap::Error),
    /// The configuration file is wrong.
    File(FileError),
    /// One of two settings that go together is missing.
    Alone { given: &'static str, missing: &'static str },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flags(error) => error.fmt(f),
            Self::File(error) => error.fmt(f),
            Self::Alone { given, missing } => write!(f, "there is a {given}, and no {missing}; name both"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// What the command line asks for.
#[derive(Clone, Debug)]
pub enum Task {
    /// Serve.
    Serve(Box<Config>),
    /// Say what would be done, in this text.
    Print(String),
}

impl Task {
    /// Reads command line, environment and configuration file. A wrong flag, `--help` and `--version` end the program
    /// here, with a sentence that names flag and value.
    ///
    /// # Errors
    /// Those of [`ConfigError`] that are none of the flags.
    pub fn from_command_line() -> Result<Self, ConfigError> {
        match Self::parse(std::env::args_os().collect()) {
            Err(ConfigError::Flags(error)) => error.exit(),
            parsed => parsed,
        }
    }

    fn parse(args: Vec<OsString>) -> Result<Self, ConfigError> {
        let command = Flags::command();
        let matches = command.clone().try_get_matches_from(&args).map_err(ConfigError::Flags)?;
        let (layers, matches) = match matches.get_one::<PathBuf>("config") {
            Some(path) => {
                let (layered, from_file) = file::layer(&command, path).map_err(ConfigError::File)?;
                let matches = layered.try_get_matches_from(args).map_err(ConfigError::Flags)?;
                (from_file, matches)
            }
            None => (Vec::new(), matches),
        };
        let flags = Flags::from_arg_matches(&matches).map_err(ConfigError::Flags)?;
        if flags.print_config {
            Config::try_from(flags)?;
            return Ok(Self::Print(print::print(&command, &matches, &layers)));
        }
        Config::try_from(flags).map(|config| Self::Serve(Box::new(config)))
    }
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
            rescan: Duration::from_secs_f64(flags.rescan_seconds),
            site: flags.site,
            tls,
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
            log_format: flags.log_format,
            metrics_listen: flags.metrics_listen,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(args: &[&str]) -> Result<Task, String> {
        let args = std::iter::once(&"modelferry").chain(args).map(OsString::from);
        Task::parse(args.collect()).map_err(|error| error.to_string())
    }

    fn parse(args: &[&str]) -> Result<Config, String> {
        match task(args)? {
            Task::Serve(config) => Ok(*config),
            Task::Print(text) => panic!("{text}"),
        }
    }

    fn file(text: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("modelferry.toml");
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        (folder, path)
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
            ("--log", "server=loud"),
        ] {
            let error = parse(&[flag, value]).unwrap_err();
            assert!(error.contains(flag) && error.contains(value), "{error}");
        }
        assert_eq!(parse(&["--piece-size", "65536"]).unwrap().piece_size, 65_536);
    }

    #[test]
    fn what_goes_together_is_asked_for_together() {
        let error = parse(&["--tls-cert", "c"]).unwrap_err();
        assert!(error.contains("tls-key"), "{error}");
        let (_folder, path) = file("tls-key = \"k\"");
        let error = parse(&["--config", &path]).unwrap_err();
        assert!(error.contains("tls-cert"), "{error}");
        let tls = parse(&["--config", &path, "--tls-cert", "c"]).unwrap().tls;
        assert_eq!(tls, Some(TlsFiles { cert: "c".into(), key: "k".into() }));
    }

    #[test]
    fn a_file_goes_before_defaults_and_flags_go_before_a_file() {
        let (_folder, path) = file("listen = \"[::1]:1\"\nrescan-seconds = 7\nleast-rate = 0x10\n");
        let config = parse(&["--config", &path, "--rescan-seconds", "8"]).unwrap();
        assert_eq!(config.listen.to_string(), "[::1]:1");
        assert_eq!(config.rescan, Duration::from_secs(8));
        assert_eq!(config.limits.least_rate, 16);
        assert_eq!(config.piece_size, PIECE_SIZE);
    }

    #[test]
    fn every_mistake_in_a_file_is_named_with_its_line() {
        for (text, expected) in [
            (
                "# models\nlisten = \"localhost\"",
                ":2: `listen`: \"localhost\" is not taken (invalid socket address",
            ),
            ("\n\npiece-size = 5", ":3: `piece-size`: 5 is not taken (5 is not in 65536..=268435456)"),
            (
                "stall-seconds = 0",
                ":1: `stall-seconds`: 0 is not taken (expected seconds from 0.01 to 86400)",
            ),
            ("log-format = \"xml\"", ":1: `log-format`: \"xml\" is not taken (it may be human, json)"),
            ("log = \"server=loud\"", ":1: `log`: \"server=loud\" is not taken (error parsing level filter"),
            ("piece-sice = 5", ":1: there is no setting `piece-sice`; did you mean `piece-size`?"),
            ("xyz = 5", ":1: there is no setting `xyz`; see --help"),
            ("config = \"x\"", ":1: there is no setting `config`"),
            ("[limits]\nhead-seconds = 5", ":1: there is no setting `limits`"),
            ("site = 1979-05-27", ":1: `site`: a datetime is not taken"),
            ("site = [\"a\"]", ":1: `site`: an array is not taken"),
            ("models = 'a'\nmodels = 'b'", ":2: this is no TOML (duplicate key)"),
            ("models = 'a'\nlisten 5", ":2: this is no TOML"),
        ] {
            let (_folder, path) = file(text);
            let error = parse(&["--config", &path]).unwrap_err();
            let expected = format!("{path}{expected}");
            assert!(error.starts_with(&expected), "{error}\n{expected}");
        }
        let error = parse(&["--config", "/nonexistent/modelferry.toml"]).unwrap_err();
        assert!(error.contains("/nonexistent/modelferry.toml"), "{error}");
    }

    #[test]
    fn what_is_printed_is_a_file_that_says_the_same() {
        let (_folder, path) = file("stall-seconds = 7.5\naccess-log = \"a \\\"b\\\"\"\n");
        let Task::Print(text) = task(&["--config", &path, "--print-config", "--listen", "[::1]:1"]).unwrap()
        else {
            panic!("nothing printed");
        };
        for line in [
            "stall-seconds = 7.5  # from the file",
            "listen = \"[::1]:1\"  # from the command line",
            "piece-size = 33554432  # default",
            "access-log = 'a \"b\"'  # from the file",
            "# tls-cert =",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        let (_folder, printed) = file(&text);
        let (once, again) =
            (parse(&["--config", &path, "--listen", "[::1]:1"]), parse(&["--config", &printed]));
        assert_eq!(format!("{once:?}"), format!("{again:?}"));
    }
}
