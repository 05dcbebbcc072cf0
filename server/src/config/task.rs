//! Reads the command line, and decides which task the program performs.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory as _, FromArgMatches as _};

use super::flags::Flags;
use super::{Config, ConfigError, file, print};

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

    pub(super) fn parse(args: Vec<OsString>) -> Result<Self, ConfigError> {
        let command = Flags::command();
        let matches = command.clone().try_get_matches_from(&args)?;
        let (layers, matches) = match matches.get_one::<PathBuf>("config") {
            Some(path) => {
                let (layered, from_file) = file::layer(&command, path)?;
                let matches = layered.try_get_matches_from(args)?;
                (from_file, matches)
            }
            None => (Vec::new(), matches),
        };
        let flags = Flags::from_arg_matches(&matches)?;
        if flags.print_config {
            Config::try_from(flags)?;
            return Ok(Self::Print(print::print(&command, &matches, &layers)));
        }
        Config::try_from(flags).map(|config| Self::Serve(Box::new(config)))
    }
}
