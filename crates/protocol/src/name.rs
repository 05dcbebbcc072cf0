//! Names: of models (`<owner>/<name>`) and of files in a model (`sub/folder/file`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// First path segments that the server uses itself. A folder of such a name below the models root could
/// never be reached, so indexing refuses it by name.
pub const RESERVED_OWNERS: &[&str] = &[
    "api",
    "assets",
    "favicon.ico",
    "healthz",
    "inference",
    "inference-worker.js",
    "manifest.webmanifest",
    "metrics",
    "modelferry.d.ts",
    "modelferry.js",
    "module",
    "pieces",
    "pkg",
    "robots.txt",
    "service-worker.js",
];

/// Longest name segment in bytes: what common file systems allow.
const LONGEST_SEGMENT: usize = 255;

/// Why a text is not a name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// A model id needs exactly one `/`, as in `owner/name`.
    #[error("a model id has the form owner/name")]
    NotOwnerSlashName,
    /// A segment is empty.
    #[error("a name must not be empty")]
    Empty,
    /// A segment is `.` or `..`.
    #[error("a name must not be . or ..")]
    Dots,
    /// A segment holds a slash where none may be, or a control character.
    #[error("a name must not contain the character '{}'", .0.escape_unicode())]
    Character(char),
    /// A segment is longer than 255 bytes.
    #[error("a name of {0} bytes is too long, {LONGEST_SEGMENT} are allowed")]
    TooLong(usize),
    /// The owner is one of [`RESERVED_OWNERS`].
    #[error("the owner name \"{0}\" is reserved: the server uses the path /{0} itself")]
    Reserved(String),
}

fn check_segment(segment: &str) -> Result<(), NameError> {
    if segment.is_empty() {
        return Err(NameError::Empty);
    }
    if segment == "." || segment == ".." {
        return Err(NameError::Dots);
    }
    if segment.len() > LONGEST_SEGMENT {
        return Err(NameError::TooLong(segment.len()));
    }
    match segment.chars().find(|c| *c == '/' || c.is_control()) {
        Some(c) => Err(NameError::Character(c)),
        None => Ok(()),
    }
}

/// The name of a model, `<owner>/<name>`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelId {
    owner: String,
    name: String,
}

impl ModelId {
    /// Checks both parts.
    ///
    /// # Errors
    /// [`NameError`] when a part is empty, `.`/`..`, too long, holds `/` or a control character, or when the
    /// owner is reserved.
    pub fn new(owner: &str, name: &str) -> Result<Self, NameError> {
        check_segment(owner)?;
        check_segment(name)?;
        if RESERVED_OWNERS.contains(&owner) {
            return Err(NameError::Reserved(owner.to_owned()));
        }
        Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
    }

    /// The part before the slash.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The part after the slash.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl FromStr for ModelId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (owner, name) = text.split_once('/').ok_or(NameError::NotOwnerSlashName)?;
        Self::new(owner, name)
    }
}

impl TryFrom<String> for ModelId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<ModelId> for String {
    fn from(id: ModelId) -> Self {
        id.to_string()
    }
}

/// The path of a file inside its model: segments joined by `/`, none of them empty, `.` or `..`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FilePath(String);

impl FilePath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path's segments.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last segment.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FilePath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.split('/').try_for_each(check_segment)?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for FilePath {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<FilePath> for String {
    fn from(path: FilePath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_and_unusual_names_are_kept_as_they_are() {
        for id in ["sentence-transformers/all-MiniLM-L6-v2", "my models/100% #1?", "ünï/模型+x", "a/resolve"]
        {
            assert_eq!(id.parse::<ModelId>().unwrap().to_string(), id);
        }
        for path in ["config.json", "1_Pooling/config.json", "a b/c#d?e%f+g/ö.bin", ".gitattributes"] {
            assert_eq!(path.parse::<FilePath>().unwrap().as_str(), path);
        }
    }

    #[test]
    fn bad_names_say_why() {
        assert_eq!("gpt2".parse::<ModelId>(), Err(NameError::NotOwnerSlashName));
        assert_eq!("a/b/c".parse::<ModelId>(), Err(NameError::Character('/')));
        assert_eq!("../x".parse::<ModelId>(), Err(NameError::Dots));
        assert_eq!("api/x".parse::<ModelId>(), Err(NameError::Reserved("api".into())));
        assert_eq!("a//b".parse::<FilePath>(), Err(NameError::Empty));
        assert_eq!("a/../b".parse::<FilePath>(), Err(NameError::Dots));
        assert_eq!("a\0".parse::<FilePath>(), Err(NameError::Character('\0')));
        assert_eq!("x".repeat(256).parse::<FilePath>(), Err(NameError::TooLong(256)));
    }
}
