//! The digests of known files, in `.modelferry/index.json` beside the models, so that a restart hashes only
//! what has changed. If the record is lost or damaged, everything is hashed again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use protocol::Digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::fingerprint::Fingerprint;

/// Raised when the meaning of a field changes.
const VERSION: u32 = 1;

/// The digests of one file, and what it looked like when they were taken.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// What the file looked like.
    #[serde(flatten)]
    pub fingerprint: Fingerprint,
    /// When hashing began, in nanoseconds since 1970.
    pub hashed_ns: i64,
    /// The file was so young then that a later change might not show in its fingerprint: it has to be hashed
    /// once more.
    pub racy: bool,
    /// SHA-256 of the whole.
    pub sha256: Digest,
    /// SHA-256 of each piece.
    pub pieces: Vec<Digest>,
}

/// The records by `<owner>/<name>/<path>`.
pub(crate) type Records = BTreeMap<String, Record>;

#[derive(Serialize)]
struct Saving<'a> {
    version: u32,
    piece_size: u64,
    files: &'a Records,
}

#[derive(Deserialize)]
struct Saved {
    piece_size: u64,
    files: Records,
}

/// Why saved records are not used.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    /// It is damaged.
    #[error("it is damaged: {0}")]
    Damaged(#[source] serde_json::Error),
    /// Another version of this program wrote it.
    #[error("it has version {0}, not {VERSION}")]
    Version(u32),
    /// The files were cut into pieces of another length, given in bytes.
    #[error("it is about pieces of {0} bytes")]
    PieceSize(u64),
}

/// Where the records of the models in `root` are kept.
#[must_use]
pub(crate) fn place(root: &Path) -> PathBuf {
    root.join(".modelferry").join("index.json")
}

/// Reads the records. None were saved yet: no records.
///
/// # Errors
/// [`LoadError`]; the sensible answer is to say so and to go on without.
pub(crate) fn load(place: &Path, piece_size: u64) -> Result<Records, LoadError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let bytes = match fs::read(place) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Records::new()),
        Err(error) => return Err(LoadError::Read(error)),
    };
    let Versioned { version } = serde_json::from_slice(&bytes).map_err(LoadError::Damaged)?;
    if version != VERSION {
        return Err(LoadError::Version(version));
    }
    let saved: Saved = serde_json::from_slice(&bytes).map_err(LoadError::Damaged)?;
    if saved.piece_size != piece_size {
        return Err(LoadError::PieceSize(saved.piece_size));
    }
    Ok(saved.files)
}

/// Writes the records: to a new file first, which then takes the old one's place.
///
/// # Errors
/// Those of the file system. On a read-only one that is expected.
pub(crate) fn save(place: &Path, piece_size: u64, files: &Records) -> io::Result<()> {
    let json = serde_json::to_vec(&Saving { version: VERSION, piece_size, files })?;
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    // Two servers may share the folder.
    let new = place.with_extension(format!("{}.tmp", std::process::id()));
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(&json)?;
        // Without it, a power cut may leave the name on an empty file.
        file.sync_all()?;
        fs::rename(&new, place)
    };
    write().inspect_err(|_| {
        // Whatever it was, half a file is of no use; if that fails too, the first error says more.
        fs::remove_file(&new).ok();
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Records {
        let record = Record {
            fingerprint: Fingerprint { size: 3, mtime_ns: 1_795_392_414_123_456_789, inode: u64::MAX },
            hashed_ns: 7,
            racy: true,
            sha256: Digest::from_bytes([1; 32]),
            pieces: vec![Digest::from_bytes([1; 32])],
        };
        Records::from([("o/n/ö #?".to_owned(), record)])
    }

    #[test]
    fn records_survive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        assert_eq!(load(&place, 10).unwrap(), Records::new());
        save(&place, 10, &records()).unwrap();
        save(&place, 10, &records()).unwrap();
        assert_eq!(load(&place, 10).unwrap(), records());
        let names: Vec<_> = fs::read_dir(place.parent().unwrap()).unwrap().collect();
        assert_eq!(names.len(), 1, "no temporary file stays");
    }

    #[test]
    fn other_records_are_refused_with_a_reason() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        save(&place, 10, &records()).unwrap();
        let error = |piece_size| load(&place, piece_size).unwrap_err().to_string();
        assert_eq!(error(11), "it is about pieces of 10 bytes");
        let json = fs::read_to_string(&place).unwrap();
        fs::write(&place, json.replace("\"version\":1", "\"version\":9")).unwrap();
        assert_eq!(error(10), "it has version 9, not 1");
        fs::write(&place, &json[..json.len() / 2]).unwrap();
        assert!(error(10).starts_with("it is damaged: "));
    }
}
