//! Where a browser keeps parts: in files if it can, else in its caches.

use js_sys::Uint8Array;
use protocol::transfer::Part;
use protocol::{Digest, DigestSet};

use crate::folder;
use crate::{CacheParts, FileParts, KeepOpen, Parts, StoreError, StoreErrorKind};

/// Parts in files, and in caches where there are no files: in WebKitGTK, in private windows of some browsers, where a page's
/// security policy forbids the worker; and where another page has the file open, since two models may share a piece. What a page
/// gives to the service worker in its last moments is in caches, too: only dedicated workers write files in place.
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
            Err(error) if error.kind != StoreErrorKind::NoRoom => self.caches.put(part, bytes).await,
            written => written,
        }
    }

    async fn read(&self, digest: &Digest, mut take: impl FnMut(u32, Uint8Array)) -> Result<(), StoreError> {
        let from_files = self.files.read(digest, &mut take).await;
        self.caches.read(digest, take).await?;
        match from_files {
            Err(error) if error.kind != StoreErrorKind::Unsupported => Err(error),
            Err(_) | Ok(()) => Ok(()),
        }
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        list(self.caches).await
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        let in_caches = self.caches.delete(digest).await?;
        Ok(self.files.delete(digest).await? || in_caches)
    }
}

/// The same for service workers, who can list and remove files, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct WorkerParts(CacheParts);

impl WorkerParts {
    /// Opens the store of this origin.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unsupported`] where there is no Cache API.
    pub async fn open() -> Result<Self, StoreError> {
        CacheParts::open().await.map(Self)
    }
}

impl Parts for WorkerParts {
    type Bytes = Uint8Array;

    async fn put(&self, part: &Part, bytes: &Uint8Array) -> Result<(), StoreError> {
        self.0.put(part, bytes).await
    }

    async fn read(&self, digest: &Digest, take: impl FnMut(u32, Uint8Array)) -> Result<(), StoreError> {
        self.0.read(digest, take).await
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        list(self.0).await
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        let in_caches = self.0.delete(digest).await?;
        Ok(folder::remove(digest).await? || in_caches)
    }
}

/// The pieces of which there are parts, in files or in caches.
async fn list(caches: CacheParts) -> Result<DigestSet, StoreError> {
    // What cannot be listed is fetched again, and removed some other time.
    let files = folder::list().await.unwrap_or_default();
    Ok(files.iter().chain(caches.list().await?.iter()).copied().collect())
}
