//! Prints the effective configuration as a configuration file, with the source of each value.

use std::fmt::Write as _;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use toml::de::DeValue;

use super::file::settings;

/// `from_file`: the flags that the configuration file sets.
pub(super) fn print(command: &Command, matches: &ArgMatches, from_file: &[String]) -> String {
    let mut text = String::new();
    let mut heading = None;
    for arg in settings(command) {
        if arg.get_help_heading() != heading {
            heading = arg.get_help_heading();
            writeln!(text, "\n# {}", heading.unwrap_or_default()).ok();
        }
        line(&mut text, arg, matches, from_file);
    }
    text
}

fn line(text: &mut String, arg: &Arg, matches: &ArgMatches, from_file: &[String]) {
    let (id, key) = (arg.get_id().as_str(), arg.get_long().unwrap_or_default());
    let Some(value) = matches.get_raw(id).and_then(|mut values| values.next()) else {
        writeln!(text, "# {key} =").ok();
        return;
    };
    let from = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => "from the command line",
        Some(ValueSource::EnvVariable) => "from the environment",
        _ if from_file.iter().any(|set| set == id) => "from the file",
        _ => "default",
    };
    writeln!(text, "{key} = {}  # {from}", quoted(&value.to_string_lossy())).ok();
}

/// As TOML writes it: numbers and truth as they are, all else in quotes.
fn quoted(value: &str) -> String {
    let plain = DeValue::parse(value);
    if plain.is_ok_and(|value| {
        value.get_ref().is_integer() || value.get_ref().is_float() || value.get_ref().is_bool()
    }) {
        return value.to_owned();
    }
    toml::Value::String(value.to_owned()).to_string()
}
