//! Faults on purpose, for tests of the browser side: slow and damaged downloads.
//!
//! `--test-faults FILE` names a JSON file such as
//! `{"bytes_per_second": 4000000, "corrupt_pieces": ["<sha256>"]}`. It is read again whenever it changes, so that
//! a test can turn faults on and off while the server runs; no file means no faults. Bodies of files and pieces
//! are affected, pages and JSON are not.

mod body;

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use protocol::Digest;
use serde::Deserialize;

use crate::index::Fingerprint;
use body::FaultyBody;

/// The faults to make now.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    file: Option<Arc<Watched>>,
}

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    read: Mutex<(Option<Fingerprint>, Wishes)>,
}

/// The file's content.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wishes {
    /// Speed limit of each response.
    bytes_per_second: Option<u64>,
    /// Pieces that are sent with one wrong byte, in their middle.
    corrupt_pieces: BTreeSet<Digest>,
}

/// What is to go wrong with one body.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Plan {
    bytes_per_second: Option<u64>,
    corrupt: bool,
}

impl Faults {
    /// The faults that a file asks for; without one there are none, at no cost.
    #[must_use]
    pub fn from_file(path: Option<PathBuf>) -> Self {
        let watch = |path| Arc::new(Watched { path, read: Mutex::default() });
        Self { file: path.map(watch) }
    }

    /// For the body of a file.
    pub(crate) fn for_file(&self) -> Plan {
        Plan { bytes_per_second: self.wishes().bytes_per_second, corrupt: false }
    }

    /// For the body of a piece.
    pub(crate) fn for_piece(&self, digest: &Digest) -> Plan {
        let wishes = self.wishes();
        Plan { bytes_per_second: wishes.bytes_per_second, corrupt: wishes.corrupt_pieces.contains(digest) }
    }

    fn wishes(&self) -> Wishes {
        self.file.as_ref().map(|file| file.current()).unwrap_or_default()
    }
}

impl Watched {
    fn current(&self) -> Wishes {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let fingerprint = match fs::metadata(&self.path) {
            Ok(metadata) => Some(Fingerprint::of(&metadata)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!("{}: {error}", self.path.display());
                None
            }
        };
        if fingerprint != read.0 {
            match fingerprint.map(|_| self.parse()) {
                Some(Ok(wishes)) => *read = (fingerprint, wishes),
                // Perhaps half written: what was wished for before stays, and it is read again.
                Some(Err(error)) => tracing::warn!("{}: {error}", self.path.display()),
                None => *read = (None, Wishes::default()),
            }
        }
        read.1.clone()
    }

    fn parse(&self) -> Result<Wishes, serde_json::Error> {
        let text = fs::read(&self.path).map_err(serde_json::Error::io)?;
        serde_json::from_slice(&text)
    }
}

impl Plan {
    /// Whether nothing is to go wrong.
    pub(crate) fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Makes the faults in a body that begins at byte `first` of a representation of `length` bytes.
    pub(crate) fn apply(self, body: Body, first: u64, length: u64) -> Body {
        if self.is_none() {
            return body;
        }
        let wrong_byte = self.corrupt.then_some(length / 2);
        Body::new(FaultyBody::new(body, first, wrong_byte, self.bytes_per_second))
    }
}
