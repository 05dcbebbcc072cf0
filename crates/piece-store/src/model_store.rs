//! Manifests, intents, pieces and parts together: everything that is stored on this device.

use protocol::{DigestSet, Intent, Manifest, ModelId, Revision, TextForm as _, routes};

use crate::{BrowserParts, CacheDocuments, CachePieces, Documents, Parts, Pieces, StoreError, WorkerParts};

/// The store of this origin in a browser.
pub type BrowserStore = ModelStore<CachePieces, CacheDocuments, BrowserParts>;

/// The same for service workers.
pub type WorkerStore = ModelStore<CachePieces, CacheDocuments, WorkerParts>;

/// What is on this device: manifests, the user's intents, and pieces.
#[derive(Clone, Debug, Default)]
pub struct ModelStore<P, D, T> {
    pieces: P,
    documents: D,
    parts: T,
}

/// One stored revision of a model, and what is kept of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredModel {
    /// Its manifest.
    pub manifest: Manifest,
    /// Which of its pieces are kept.
    pub kept: DigestSet,
}

impl StoredModel {
    /// Whether every piece is kept.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.manifest.pieces().iter().all(|piece| self.kept.contains(&piece.digest))
    }
}

impl BrowserStore {
    /// Opens the store of this origin, from a window.
    ///
    /// # Errors
    /// [`crate::StoreErrorKind::Unsupported`] where the browser keeps nothing for this page.
    pub async fn open() -> Result<Self, StoreError> {
        Ok(Self::new(CachePieces::open().await?, CacheDocuments::open().await?, BrowserParts::open().await?))
    }
}

impl WorkerStore {
    /// Opens the store of this origin, from a worker.
    ///
    /// # Errors
    /// [`crate::StoreErrorKind::Unsupported`] where the browser keeps nothing for this worker.
    pub async fn open() -> Result<Self, StoreError> {
        Ok(Self::new(CachePieces::open().await?, CacheDocuments::open().await?, WorkerParts::open().await?))
    }
}

fn intent_key(model: &ModelId) -> String {
    // Below `/api/` the server answers nothing of this name, so the key cannot be taken for a resource.
    format!("{}/wish", routes::model_info(model))
}

impl<P: Pieces, D: Documents, T: Parts> ModelStore<P, D, T> {
    /// Puts the stores together.
    #[must_use]
    pub fn new(pieces: P, documents: D, parts: T) -> Self {
        Self { pieces, documents, parts }
    }

    /// The pieces.
    #[must_use]
    pub fn pieces(&self) -> &P {
        &self.pieces
    }

    /// What has arrived of unfinished pieces.
    #[must_use]
    pub fn parts(&self) -> &T {
        &self.parts
    }

    /// The documents, for tests.
    #[cfg(feature = "conformance")]
    pub(crate) fn documents(&self) -> &D {
        &self.documents
    }

    /// Stores a manifest.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn put_manifest(&self, manifest: &Manifest) -> Result<(), StoreError> {
        let key = routes::manifest(manifest.model(), manifest.revision());
        self.documents.put(&key, &manifest.to_text()).await
    }

    /// The manifest of a revision, if it is stored. One that cannot be understood counts as absent.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn manifest(
        &self,
        model: &ModelId,
        revision: Revision,
    ) -> Result<Option<Manifest>, StoreError> {
        let text = self.documents.get(&routes::manifest(model, revision)).await?;
        Ok(text.and_then(|text| Manifest::from_text(&text)))
    }

    /// The stored manifests of a model, the oldest first where the store keeps an order. Those that cannot be understood are
    /// left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn manifests_of(&self, model: &ModelId) -> Result<Vec<Manifest>, StoreError> {
        let of_model = manifests_below(model);
        let mut manifests = Vec::new();
        for key in self.documents.keys().await?.iter().filter(|key| key.starts_with(&of_model)) {
            let text = self.documents.get(key).await?;
            manifests.extend(text.and_then(|text| Manifest::from_text(&text)));
        }
        Ok(manifests)
    }

    /// All stored manifests. Those that cannot be understood are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn manifests(&self) -> Result<Vec<Manifest>, StoreError> {
        Ok(self.all_manifests().await?.into_iter().flatten().collect())
    }

    /// All stored manifests, `None` for each that this version does not understand.
    async fn all_manifests(&self) -> Result<Vec<Option<Manifest>>, StoreError> {
        let mut manifests = Vec::new();
        for key in self.documents.keys().await? {
            if is_manifest_key(&key) {
                let text = self.documents.get(&key).await?;
                manifests.push(text.and_then(|text| Manifest::from_text(&text)));
            }
        }
        Ok(manifests)
    }

    /// Whether a manifest of this revision is stored, be it one that this version does not understand.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn has_manifest(&self, model: &ModelId, revision: Revision) -> Result<bool, StoreError> {
        Ok(self.documents.get(&routes::manifest(model, revision)).await?.is_some())
    }

    /// A stored revision with what is kept of it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn stored(
        &self,
        model: &ModelId,
        revision: Revision,
    ) -> Result<Option<StoredModel>, StoreError> {
        let Some(manifest) = self.manifest(model, revision).await? else {
            return Ok(None);
        };
        let kept = self.kept(&manifest).await?;
        Ok(Some(StoredModel { manifest, kept }))
    }

    /// Which pieces of a manifest are kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn kept(&self, manifest: &Manifest) -> Result<DigestSet, StoreError> {
        Ok(kept_of(manifest, &self.pieces.list().await?))
    }

    /// The stored models with the bytes that are kept of each revision.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn kept_of_each(&self) -> Result<Vec<(ModelId, u64)>, StoreError> {
        let pieces = self.pieces.list().await?;
        let sum = |manifest: &Manifest| {
            let pieces = manifest.pieces().into_iter().filter(|piece| pieces.contains(&piece.digest));
            pieces.map(|piece| piece.size).sum()
        };
        Ok(self.manifests().await?.iter().map(|manifest| (manifest.model().clone(), sum(manifest))).collect())
    }

    /// Stores what the user wants.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn put_intent(&self, model: &ModelId, intent: &Intent) -> Result<(), StoreError> {
        self.documents.put(&intent_key(model), &intent.to_text()).await
    }

    /// What the user wants of a model. An intent that cannot be understood counts as none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn intent(&self, model: &ModelId) -> Result<Option<Intent>, StoreError> {
        let text = self.documents.get(&intent_key(model)).await?;
        Ok(text.and_then(|text| Intent::from_text(&text)))
    }

    /// Forgets what the user wanted of a model.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn clear_intent(&self, model: &ModelId) -> Result<(), StoreError> {
        self.documents.delete(&intent_key(model)).await.map(drop)
    }

    /// Ends a download: removes the intent, which is fulfilled, and other revisions. If the user wants
    /// another revision by now, or this one was removed as another one was complete, nothing is changed.
    ///
    /// # Errors
    /// When the store cannot be read or written. The model is ready all the same, and the rest goes next time.
    pub async fn fulfil(&self, model: &ModelId, revision: Revision) -> Result<(), StoreError> {
        let is_other = self.intent(model).await?.is_some_and(|intent| intent.revision != revision);
        if is_other || !self.has_manifest(model, revision).await? {
            return Ok(());
        }
        self.clear_intent(model).await?;
        self.remove_revisions(model, |key| key != routes::manifest(model, revision)).await
    }

    /// Forgets one revision of a model, with the pieces that no other manifest names.
    ///
    /// # Errors
    /// When the store cannot be read or written. What was removed until then stays removed.
    pub async fn discard(&self, model: &ModelId, revision: Revision) -> Result<(), StoreError> {
        self.clear_intent(model).await?;
        self.remove_revisions(model, |key| key == routes::manifest(model, revision)).await
    }

    /// Forgets a model altogether, with the pieces that no other model names.
    ///
    /// # Errors
    /// When the store cannot be read or written. What was removed until then stays removed.
    pub async fn remove(&self, model: &ModelId) -> Result<(), StoreError> {
        self.clear_intent(model).await?;
        self.remove_revisions(model, |_| true).await
    }

    /// Removes those manifests of a model whose keys are to go, then the pieces that no other one names.
    async fn remove_revisions(&self, model: &ModelId, goes: impl Fn(&str) -> bool) -> Result<(), StoreError> {
        let of_model = manifests_below(model);
        for key in self.documents.keys().await? {
            if key.starts_with(&of_model) && goes(&key) {
                self.documents.delete(&key).await?;
            }
        }
        self.sweep().await.map(drop)
    }

    /// Removes the pieces that no stored manifest names, and says how many; also parts of such pieces, and of those
    /// that are complete by now. Removes nothing while a manifest is stored that this version does not understand:
    /// its pieces are not known.
    ///
    /// Pieces may be admitted meanwhile, but no manifest may be stored that names pieces from before: callers
    /// see to that with the lock [`crate::LockName::Store`].
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        // The pieces are listed first: one that is admitted meanwhile belongs to a manifest that is stored
        // already, and must not be taken for left over.
        let pieces = self.pieces.list().await?;
        let unfinished = self.pieces.unfinished().await?;
        let mut named = Vec::new();
        for manifest in self.all_manifests().await? {
            let Some(manifest) = manifest else { return Ok(0) };
            named.extend(manifest.pieces().iter().map(|piece| piece.digest));
        }
        let named: DigestSet = named.into_iter().collect();
        let mut removed = 0;
        for digest in pieces.iter().chain(unfinished.iter()).filter(|digest| !named.contains(digest)) {
            removed += usize::from(self.pieces.delete(digest).await?);
        }
        for digest in self.parts.list().await?.iter() {
            if !named.contains(digest) || pieces.contains(digest) {
                self.parts.delete(digest).await?;
            }
        }
        Ok(removed)
    }
}

/// What the keys of a model's manifests begin with.
fn manifests_below(model: &ModelId) -> String {
    routes::manifest(model, "")
}

/// `../manifest/<revision>`.
pub(crate) fn is_manifest_key(key: &str) -> bool {
    let mut segments = key.rsplit('/');
    let revision = segments.next().and_then(|segment| segment.parse::<Revision>().ok());
    revision.is_some() && segments.next() == Some("manifest")
}

fn kept_of(manifest: &Manifest, pieces: &DigestSet) -> DigestSet {
    manifest.pieces().iter().map(|piece| piece.digest).filter(|digest| pieces.contains(digest)).collect()
}
