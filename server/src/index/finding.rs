//! What cannot be served, as it is found: everybody may read the problem, what the system said of it is for the log.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use protocol::Problem;

/// A problem and its cause.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Finding {
    /// What `/api/index` and the pages tell. Its path is relative to the models folder.
    pub problem: Problem,
    /// The system's own words, if it refused something.
    cause: Option<String>,
}

impl Finding {
    /// Something that is not served as it is.
    pub(crate) fn new(path: &str, reason: impl Into<String>) -> Self {
        Self { problem: Problem { path: path.to_owned(), reason: reason.into() }, cause: None }
    }

    /// Something that the system refuses.
    pub(crate) fn refused(path: &str, reason: &str, cause: &io::Error) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(path, reason) }
    }
}

/// As the log has it.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.problem.path, self.problem.reason)?;
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

/// What everybody may read of them, each once.
pub(crate) fn problems(findings: &BTreeSet<Finding>) -> Vec<Problem> {
    let problems: BTreeSet<_> = findings.iter().map(|finding| finding.problem.clone()).collect();
    problems.into_iter().collect()
}
