//! What the program says while it runs: lines on standard error. Standard output has one line only, the address.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::error::Error;

/// How a line looks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LogFormat {
    /// For a person: time, level, sentence.
    Human,
    /// For a program: one JSON object a line.
    Json,
}

/// Takes a filter if it is one.
///
/// # Errors
/// Why it is none.
pub(crate) fn filter(text: &str) -> Result<String, ParseError> {
    EnvFilter::try_new(text).map(|_| text.to_owned())
}

/// Starts logging.
///
/// # Errors
/// [`Error::Log`] if `filter` is none.
pub fn start(filter: &str, format: LogFormat) -> Result<(), Error> {
    let parsed = EnvFilter::try_new(filter)
        .map_err(|error| Error::Log { filter: filter.to_owned(), reason: error.to_string() })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    match format {
        LogFormat::Human => lines.init(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
        }
    }
    Ok(())
}
