//! What the program says while it runs: lines on standard error. Standard output has one line only, the address.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::error::Error;

/// Starts logging.
///
/// # Errors
/// [`Error::Log`] if `filter` is none.
pub fn start(filter: &str) -> Result<(), Error> {
    let parsed = EnvFilter::try_new(filter)
        .map_err(|error| Error::Log { filter: filter.to_owned(), reason: error.to_string() })?;
    tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    Ok(())
}
