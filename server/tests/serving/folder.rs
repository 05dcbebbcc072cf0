//! A models folder of a test's own.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Some tests run the server as somebody else.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(dir.path().join("models")).unwrap();
        Self(dir)
    }

    /// The models root.
    pub(crate) fn models(&self) -> PathBuf {
        self.0.path().join("models")
    }

    /// A place beside the models, for what is no model.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file that looks as if it had been there for long: `path` is `owner/name/file`.
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.models().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let file = File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(86_400)).unwrap();
    }

    /// Replaces a file by another one, as careful programs do: under another name first.
    pub(crate) fn replace(&self, path: &str, bytes: &[u8]) {
        let new = self.beside("new");
        fs::write(&new, bytes).unwrap();
        fs::rename(new, self.models().join(path)).unwrap();
    }
}

/// Bytes that differ from place to place, and from seed to seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Waits until something is there. Gives up after a minute, which no condition here comes near.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether this test may do everything, so that permissions mean nothing to it.
pub(crate) fn is_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).unwrap().uid() == 0
}
