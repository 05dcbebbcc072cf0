//! One model as the server serves it: its manifest, its description, and the position of each file's bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use bytes::Bytes;
use model_headers::Inspection;
use protocol::{
    CardData, Digest, FilePath, LfsPointer, Manifest, ManifestError, ModelId, ModelInfo, Revision, Sibling,
    TextForm as _,
};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::card::Card;
use super::date::rfc3339;
use super::fingerprint::Fingerprint;
use super::medium::{Medium, MediumKind};
use crate::kernel;

/// Bytes of a README that are looked at for its front matter.
const README_BYTES: u64 = 64 << 10;

/// A file of the index: what its bytes are and where they were when that was found out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredFile {
    /// The path inside the model.
    pub path: FilePath,
    /// Where the bytes are.
    pub location: PathBuf,
    /// What the file looked like when it was hashed.
    pub fingerprint: Fingerprint,
    /// When it was hashed, in nanoseconds since 1970.
    pub hashed_ns: i64,
    /// SHA-256 of the whole.
    pub sha256: Digest,
    /// SHA-256 of each piece.
    pub pieces: Vec<Digest>,
    /// What its file system can do; not a part of what the file is.
    pub medium: Medium,
}

/// The file is not what was indexed any more, or cannot be read now.
#[derive(Debug)]
pub struct Stale;

impl StoredFile {
    /// Opens the file, if it still looks as it did when it was hashed. Blocks.
    ///
    /// # Errors
    /// [`Stale`]: the digests in the index are not (or not reachably) this file's.
    pub fn open(&self) -> Result<File, Stale> {
        let file = kernel::open(&self.location).or(Err(Stale))?;
        self.check(&file)?;
        self.medium.look(&file);
        Ok(file)
    }

    /// The same at once, if that needs no disk and no network; `None` if it might.
    pub(crate) fn open_now(&self) -> Option<Result<File, Stale>> {
        match self.medium.known()? {
            MediumKind::Remote => None,
            MediumKind::Local => match kernel::open_cached(&self.location)? {
                Ok(file) => Some(self.check(&file).map(|()| file)),
                Err(_) => Some(Err(Stale)),
            },
        }
    }

    /// Checks an open file against what was indexed: bytes read before a successful check are the hashed ones.
    ///
    /// # Errors
    /// [`Stale`] if it changed.
    pub fn check(&self, file: &File) -> Result<(), Stale> {
        let metadata = file.metadata().or(Err(Stale))?;
        if Fingerprint::of(&metadata) == self.fingerprint { Ok(()) } else { Err(Stale) }
    }

    /// The date for `Last-Modified`. It is never in the future (RFC 9110 section 8.8.2.1). If a file has
    /// such a date, the time of hashing replaces it, which is the same in all answers.
    #[must_use]
    pub fn last_modified(&self) -> Option<SystemTime> {
        let mtime_ns = self.fingerprint.mtime_ns.min(self.hashed_ns);
        Fingerprint { mtime_ns, ..self.fingerprint }.modified()
    }
}

/// What is sent as it is, with a name for its validator.
#[derive(Clone, Debug)]
pub struct Document {
    /// The text.
    pub text: Bytes,
    /// Its media type.
    pub content_type: &'static str,
    /// SHA-256 of the text.
    pub digest: Digest,
}

impl Document {
    /// Writes a value down as JSON.
    ///
    /// # Errors
    /// Those of serialisation; none of our types has a map with non-text keys, the only cause.
    pub fn of<T: serde::Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        Ok(Self::new(serde_json::to_vec(value)?.into(), "application/json"))
    }

    /// A text with its media type.
    #[must_use]
    pub fn new(text: Bytes, content_type: &'static str) -> Self {
        let digest = Digest::from_bytes(Sha256::digest(&text).into());
        Self { text, content_type, digest }
    }
}

/// One revision of one model.
#[derive(Debug)]
pub struct Model {
    /// The description of the model.
    pub info: ModelInfo,
    /// The same as JSON.
    pub info_document: Document,
    /// Files and pieces.
    pub manifest: Manifest,
    /// The same as JSON.
    pub manifest_document: Document,
    /// The same as browsers store it.
    pub manifest_text: Document,
    /// Where the files are, in the manifest's order.
    pub files: Vec<Arc<StoredFile>>,
    /// The inspection of the model's files, once a page has requested it.
    pub(crate) inspection: OnceLock<Arc<Inspection>>,
}

/// Why hashed files do not make a model.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The parts contradict each other.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// They cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Model {
    /// Puts a model together from its hashed files, sorted by path. Reads the README.
    ///
    /// # Errors
    /// [`ModelError`]; not for files that a file system can hold.
    pub fn new(id: &ModelId, files: Vec<Arc<StoredFile>>, piece_size: u64) -> Result<Self, ModelError> {
        let listed: Vec<protocol::File> = files
            .iter()
            .map(|file| protocol::File {
                path: file.path.clone(),
                size: file.fingerprint.size,
                sha256: file.sha256,
                pieces: file.pieces.clone(),
            })
            .collect();
        let lines = Sha256::digest(Manifest::revision_lines(&listed));
        let revision = Revision::from_lines_digest(&Digest::from_bytes(lines.into()));
        let manifest = Manifest::new(id.clone(), revision, piece_size, listed)?;
        let info = info(id, revision, &files);
        Ok(Self {
            info_document: Document::of(&info)?,
            info,
            manifest_document: Document::of(&manifest)?,
            manifest_text: Document::new(manifest.to_text().into(), "text/plain;charset=utf-8"),
            manifest,
            inspection: OnceLock::new(),
            files,
        })
    }

    /// The model's name.
    #[must_use]
    pub fn id(&self) -> &ModelId {
        self.manifest.model()
    }

    /// The revision of these files.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.manifest.revision()
    }

    /// The file of this path.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&Arc<StoredFile>> {
        let place = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(place)
    }
}

fn info(id: &ModelId, revision: Revision, files: &[Arc<StoredFile>]) -> ModelInfo {
    let readme = files.iter().find(|file| file.path.as_str() == "README.md");
    let card = match readme.map(|file| read_card(file)) {
        Some(Ok(card)) => card,
        // Changed or lost since it was hashed: the next scan sees that too, and makes a new model.
        Some(Err(_)) | None => Card::default(),
    };
    let sibling = |file: &Arc<StoredFile>| Sibling {
        rfilename: file.path.clone(),
        size: file.fingerprint.size,
        lfs: LfsPointer { sha256: file.sha256, size: file.fingerprint.size, pointer_size: 0 },
    };
    let newest = files.iter().map(|file| file.fingerprint.mtime_ns).max();
    ModelInfo {
        internal_id: id.to_string(),
        id: id.clone(),
        sha: revision,
        siblings: files.iter().map(sibling).collect(),
        used_storage: files.iter().map(|file| file.fingerprint.size).sum(),
        last_modified: rfc3339(newest.unwrap_or(0)),
        card_data: CardData { license: card.license },
        pipeline_tag: card.pipeline_tag,
        library_name: card.library_name,
        tags: Vec::new(),
        private: false,
        gated: false,
        downloads: 0,
        likes: 0,
    }
}

fn read_card(file: &StoredFile) -> io::Result<Card> {
    let stale = |Stale| io::Error::other("the file changed");
    let open = file.open().map_err(stale)?;
    let mut bytes = Vec::new();
    (&open).take(README_BYTES).read_to_end(&mut bytes)?;
    file.check(&open).map_err(stale)?;
    Ok(Card::parse(&String::from_utf8_lossy(&bytes)))
}
