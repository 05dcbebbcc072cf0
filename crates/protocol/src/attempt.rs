//! The id of one background fetch: which model, which revision, which try.

use std::fmt;
use std::str::FromStr;

use crate::{DigestError, ModelId, NameError, Revision};

/// Identifies one try to fetch what is missing of one revision. It is the id of the browser's
/// registration, so it must be unique a try: the browser refuses an id that is in use.
///
/// Text form: `modelferry@<revision>#<nonce>@<owner>/<name>`, the free-form part last.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AttemptId {
    /// The model that is fetched.
    pub model: ModelId,
    /// The revision that is fetched.
    pub revision: Revision,
    /// Tells tries apart; milliseconds since 1970 serve well.
    pub nonce: u64,
}

/// Why a registration's id is not an attempt's: it belongs to something else on this origin, or to another
/// version of this software.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AttemptError {
    /// Not of the form `modelferry@..#..@..`.
    Form,
    /// The revision is malformed.
    Revision(DigestError),
    /// The model's name is malformed.
    Model(NameError),
}

impl fmt::Display for AttemptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => write!(f, "expected modelferry@<revision>#<nonce>@<owner>/<name>"),
            Self::Revision(error) => write!(f, "bad revision: {error}"),
            Self::Model(error) => write!(f, "bad model: {error}"),
        }
    }
}

impl std::error::Error for AttemptError {}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "modelferry@{}#{}@{}", self.revision, self.nonce, self.model)
    }
}

impl FromStr for AttemptId {
    type Err = AttemptError;

    fn from_str(text: &str) -> Result<Self, AttemptError> {
        let rest = text.strip_prefix("modelferry@").ok_or(AttemptError::Form)?;
        let (revision, rest) = rest.split_once('#').ok_or(AttemptError::Form)?;
        let (nonce, model) = rest.split_once('@').ok_or(AttemptError::Form)?;
        Ok(Self {
            model: model.parse().map_err(AttemptError::Model)?,
            revision: revision.parse().map_err(AttemptError::Revision)?,
            nonce: nonce.parse().or(Err(AttemptError::Form))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_even_for_names_full_of_separators() {
        let id = AttemptId {
            model: "a@b#c/d@e#f".parse().unwrap(),
            revision: Revision::from_bytes([1; 20]),
            nonce: 1_795_000_000_000,
        };
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn foreign_ids_are_not_ours() {
        for text in ["", "podcast-7", "modelferry@", "modelferry@00#1@a/b", "modelferry@x"] {
            assert!(text.parse::<AttemptId>().is_err(), "{text}");
        }
    }
}
