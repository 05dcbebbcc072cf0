//! The configuration file. Its keys are the long flags, and its values pass the flags' own checks. Errors
//! name file, line, key and value.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};
use thiserror::Error;
use toml::de::{DeTable, DeValue};

/// The variable that names the file.
pub(super) const VARIABLE: &str = "MODELFERRY_CONFIG";

/// Flags that are none of the file's business.
const NOT_IN_FILES: [&str; 4] = ["config", "print_config", "help", "version"];

/// What is wrong with the file.
#[derive(Debug, Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("the configuration file {} cannot be read ({source}); see --config", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// It is no TOML.
    #[error("{at}: this is no TOML ({})", source.message())]
    Syntax { at: At, source: toml::de::Error },
    /// It has a key that is almost a setting.
    #[error("{at}: there is no setting `{key}`; did you mean `{similar}`?")]
    MisspeltKey { at: At, key: String, similar: String },
    /// It has a key that is no setting.
    #[error("{at}: there is no setting `{key}`; see --help")]
    UnknownKey { at: At, key: String },
    /// It has a value of a kind that no setting has.
    #[error("{at}: `{key}`: {kind} is not taken")]
    Kind { at: At, key: String, kind: UnknownKind },
    /// It has a value that is refused.
    #[error("{at}: `{key}`: {value} is not taken ({source})")]
    Value { at: At, key: String, value: String, source: ValueError },
}

/// A kind of value that no setting has.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum UnknownKind {
    /// `1979-05-27`
    #[error("a datetime")]
    Datetime,
    /// `[1, 2]`
    #[error("an array")]
    Array,
    /// `[name]`
    #[error("a table")]
    Table,
}

/// Why a flag refuses a value.
#[derive(Debug, Error)]
pub enum ValueError {
    /// The flag is given or not.
    #[error("expected true or false")]
    NotABool,
    /// What clap says, without the flag's name, which is not written in a file.
    #[error("{}", reason(.0))]
    Refused(#[source] clap::Error),
}

/// A line of a file, the first one being 1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct At {
    path: PathBuf,
    line: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// Makes the values of the file the defaults of the flags; says which flags those are.
pub(super) fn layer(command: &Command, path: &Path) -> Result<(Command, Vec<String>), FileError> {
    let text =
        fs::read_to_string(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    let at = |position: usize| At {
        path: path.to_owned(),
        line: text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1,
    };
    let table = DeTable::parse(&text).map_err(|error| FileError::Syntax {
        at: at(error.span().map_or(0, |span| span.start)),
        source: error,
    })?;
    // In the order of the lines, so that the first mistake is the one that is said.
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    // One flag at a time is tried, without the others' values from the environment.
    let alone = command.clone().mut_args(|arg| arg.env(None::<&str>));
    let mut layered = command.clone();
    let mut from_file = Vec::new();
    for (key, value) in entries {
        let at = || at(key.span().start);
        let key = key.get_ref().as_ref();
        let Some(arg) = settings(command).find(|arg| arg.get_long() == Some(key)) else {
            let (at, key) = (at(), key.to_owned());
            return Err(match similar(command, &key) {
                Some(similar) => FileError::MisspeltKey { at, key, similar },
                None => FileError::UnknownKey { at, key },
            });
        };
        let written = match as_flag(value.get_ref()) {
            Ok(written) => written,
            Err(kind) => return Err(FileError::Kind { at: at(), key: key.to_owned(), kind }),
        };
        if let Err(source) = check(&alone, arg, &written) {
            let value = shown(value.get_ref(), &written);
            return Err(FileError::Value { at: at(), key: key.to_owned(), value, source });
        }
        let id = arg.get_id().as_str().to_owned();
        layered = layered.mut_arg(&id, |arg| arg.default_value(written));
        from_file.push(id);
    }
    Ok((layered, from_file))
}

/// The flags that are keys of a file.
pub(super) fn settings(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !NOT_IN_FILES.contains(&arg.get_id().as_str()))
}

/// The setting that begins or ends as the key does, if one does.
fn similar(command: &Command, key: &str) -> Option<String> {
    let alike = |name: &str| {
        let same_start = name.bytes().zip(key.bytes()).take_while(|(a, b)| a == b).count();
        let same_end = name.bytes().rev().zip(key.bytes().rev()).take_while(|(a, b)| a == b).count();
        same_start + same_end
    };
    let names = settings(command).filter_map(Arg::get_long);
    let best = names.max_by_key(|name| alike(name))?;
    (2 * alike(best) > best.len().max(key.len())).then(|| best.to_owned())
}

/// How the value would be written on a command line; or what kind of thing it is, if it is none for that.
fn as_flag(value: &DeValue<'_>) -> Result<String, UnknownKind> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(u64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| number.to_string(), |number| number.to_string())),
        DeValue::Float(number) => Ok(number.to_string()),
        DeValue::Boolean(yes) => Ok(yes.to_string()),
        DeValue::Datetime(_) => Err(UnknownKind::Datetime),
        DeValue::Array(_) => Err(UnknownKind::Array),
        DeValue::Table(_) => Err(UnknownKind::Table),
    }
}

/// The value as the error message shows it.
fn shown(value: &DeValue<'_>, written: &str) -> String {
    if value.is_str() { format!("{written:?}") } else { written.to_owned() }
}

/// Asks the flag itself.
fn check(alone: &Command, arg: &Arg, written: &str) -> Result<(), ValueError> {
    if matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse) {
        return if written.parse::<bool>().is_ok() { Ok(()) } else { Err(ValueError::NotABool) };
    }
    let mut flag = OsString::from("--");
    flag.push(arg.get_long().unwrap_or_default());
    flag.push("=");
    flag.push(written);
    let outcome = alone.clone().try_get_matches_from([OsString::from("modelferry"), flag]);
    outcome.map(drop).map_err(ValueError::Refused)
}

/// Why clap refuses a value.
fn reason(error: &clap::Error) -> String {
    if let Some(source) = std::error::Error::source(error) {
        return source.to_string();
    }
    match (error.kind(), error.get(ContextKind::ValidValue)) {
        (ErrorKind::InvalidValue, Some(ContextValue::Strings(valid))) if !valid.is_empty() => {
            format!("it may be {}", valid.join(", "))
        }
        (_, _) => "no such value".to_owned(),
    }
}
