//! Reasons why something cannot be served. The problem is public; the system's error is for the log only.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use protocol::Problem;

/// A problem and its cause.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Finding {
    /// What `/api/index` and the pages tell. Its path is relative to the models folder.
    pub problem: Problem,
    /// What only the operator may read: the system's own words if it refused something, or where things are on its disks.
    cause: Option<String>,
}

impl Finding {
    /// Something that is not served as it is.
    pub(crate) fn new(path: &str, reason: impl Into<String>) -> Self {
        Self { problem: Problem { path: path.to_owned(), reason: reason.into() }, cause: None }
    }

    /// The same, with a sentence for the log.
    pub(crate) fn explained(path: &str, reason: &str, explanation: Option<String>) -> Self {
        Self { cause: explanation, ..Self::new(path, reason) }
    }

    /// Something that the system refuses.
    pub(crate) fn refused(path: &str, reason: &str, cause: &io::Error) -> Self {
        Self::explained(path, reason, Some(cause.to_string()))
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
