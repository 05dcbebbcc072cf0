//! The limit of file descriptors: a process may raise its soft limit up to its hard limit.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors besides connections and their files: the listener, logs, the index.
const OTHERS: u64 = 64;

/// Raises the limit, and warns if it is too low for so many connections. Each takes one descriptor, and a download a second one.
pub(crate) fn raise_limit(connections: usize) {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: before.maximum, maximum: before.maximum };
    if before.current != before.maximum
        && let Err(error) = setrlimit(Resource::Nofile, wanted)
    {
        tracing::debug!("the limit of file descriptors could not be raised: {error}");
    }
    // `None` is no limit.
    let Some(allowed) = getrlimit(Resource::Nofile).current else {
        return;
    };
    let needed = 2 * connections as u64 + OTHERS;
    if allowed < needed {
        let enough = allowed.saturating_sub(OTHERS) / 2;
        tracing::warn!(
            "the system allows {allowed} open files, which is enough for {enough} downloads at a time; \
             --max-connections {connections} may need {needed}: allow more (`ulimit -n`, LimitNOFILE), or set it lower"
        );
    }
}
