//! The metadata of a file that reveal a change of its bytes without reading them.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Size, modification time and identity of a file: some of the fields in git's index.
///
/// The device number is left out. It changes when a network file system is mounted again, and everything
/// would be hashed again. The inode's change time (ctime) is left out too. It changes with permissions and
/// links, even for a file that is being served when another one takes its name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Length in bytes.
    pub size: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Inode number: differs when a file was replaced by another one.
    pub inode: u64,
}

impl Fingerprint {
    /// Takes the fingerprint from what `stat` or `fstat` said.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        let mtime_ns = metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
        Self { size: metadata.len(), mtime_ns, inode: metadata.ino() }
    }

    /// The time of the last change; `None` before 1970, which HTTP dates here do not express.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        let since = u64::try_from(self.mtime_ns).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_nanos(since))
    }
}

/// Nanoseconds since 1970 now, on the clock that file times are compared with.
#[must_use]
pub(crate) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
