//! The state of the index at one moment. A snapshot never changes: a new one replaces it, so every reader sees a consistent state.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use protocol::{Digest, IndexReport, ModelId, Problem};

use super::model::{Document, Model, StoredFile};

/// Where the bytes of a piece are.
#[derive(Clone, Debug)]
pub struct PieceAt {
    /// The file it is part of.
    pub file: Arc<StoredFile>,
    /// Where in the file it begins, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}

impl PieceAt {
    /// A whole file, as if it were one piece.
    pub(crate) fn whole(file: &Arc<StoredFile>) -> Self {
        Self { file: Arc::clone(file), offset: 0, length: file.fingerprint.size }
    }
}

/// The models that are served, and everything that can be asked about them.
#[derive(Debug)]
pub struct Snapshot {
    models: BTreeMap<ModelId, Arc<Model>>,
    pieces: HashMap<Digest, Vec<PieceAt>>,
    report: Arc<IndexReport>,
    report_document: Document,
    models_document: Document,
}

impl Snapshot {
    /// Puts a snapshot together.
    ///
    /// # Errors
    /// Those of serialisation; none of our types has a map with non-text keys, the only cause.
    pub fn new(
        models: BTreeMap<ModelId, Arc<Model>>,
        pending: Vec<ModelId>,
        problems: Vec<Problem>,
    ) -> Result<Self, serde_json::Error> {
        let mut pieces: HashMap<Digest, Vec<PieceAt>> = HashMap::new();
        for model in models.values() {
            for (stored, listed) in model.files.iter().zip(model.manifest.files()) {
                let mut offset = 0;
                for piece in model.manifest.pieces_of(listed) {
                    pieces.entry(piece.digest).or_default().push(PieceAt {
                        file: Arc::clone(stored),
                        offset,
                        length: piece.size,
                    });
                    offset += piece.size;
                }
            }
        }
        let report = IndexReport {
            models: models.values().map(|model| model.info.clone()).collect(),
            pending,
            problems,
        };
        Ok(Self {
            models_document: Document::of(&report.models)?,
            report_document: Document::of(&report)?,
            report: Arc::new(report),
            models,
            pieces,
        })
    }

    /// The models by name.
    #[must_use]
    pub fn models(&self) -> &BTreeMap<ModelId, Arc<Model>> {
        &self.models
    }

    /// Every place where the bytes of a piece are: the same bytes may be in several files.
    #[must_use]
    pub fn piece(&self, digest: &Digest) -> &[PieceAt] {
        self.pieces.get(digest).map_or(&[], Vec::as_slice)
    }

    /// Models, work under way and problems.
    #[must_use]
    pub fn report(&self) -> &Arc<IndexReport> {
        &self.report
    }

    /// [`Snapshot::report`] as JSON.
    #[must_use]
    pub fn report_document(&self) -> &Document {
        &self.report_document
    }

    /// The models of [`Snapshot::report`] as JSON.
    #[must_use]
    pub fn models_document(&self) -> &Document {
        &self.models_document
    }
}
