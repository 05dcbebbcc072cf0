//! Where a browser keeps parts: in files if it can, else in its caches.

use js_sys::Uint8Array;
use protocol::transfer::Part;
use protocol::{Digest, DigestSet};

use crate::{CacheParts, FileParts, KeepOpen, Parts, StoreError, StoreErrorKind};

/// Parts in files, and in caches where there are no files: in WebKitGTK, in private windows of some browsers, where a site's
/// rules forbid the worker. What a page gives to the service worker in its last moments is in caches, too: only workers of pages
/// write files in place.
#[derive(Clone, Debug)]
pub struct BrowserParts {
    files: FileParts,
    caches: CacheParts,
}

impl BrowserParts {
    /// Opens the store of this origin.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unsupported`] where there is no Cache API, as in insecure contexts.
    pub async fn open() -> Result<Self, StoreError> {
        Ok(Self { files: FileParts::default(), caches: CacheParts::open().await? })
    }

    /// To be called before there is much to write.
    #[must_use]
    pub fn keep_open(&self) -> KeepOpen {
        self.files.keep_open()
    }
}

impl Parts for BrowserParts {
    type Bytes = Uint8Array;

    async fn put(&self, part: &Part, bytes: &Uint8Array) -> Result<(), StoreError> {
        match self.files.put(part, bytes).await {
            Err(error) if error.kind == StoreErrorKind::Unsupported => self.caches.put(part, bytes).await,
            written => written,
        }
    }

    async fn read(&self, digest: &Digest, mut take: impl FnMut(u32, Uint8Array)) -> Result<(), StoreError> {
        // Whatever is wrong with files, there is nothing in them then.
        let _ = self.files.read(digest, &mut take).await;
        self.caches.read(digest, take).await
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        let files = self.files.list().await.unwrap_or_default();
        let caches = self.caches.list().await?;
        Ok(files.iter().chain(caches.iter()).copied().collect())
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        let in_files = self.files.delete(digest).await == Ok(true);
        Ok(self.caches.delete(digest).await? || in_files)
    }
}
