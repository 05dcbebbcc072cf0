//! Chooses where a browser keeps parts: in files if it can, otherwise in the Cache API.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Uint8Array;
use protocol::transfer::Part;
use protocol::{Digest, DigestSet};

use crate::folder;
use crate::{CacheParts, FileParts, KeepOpen, Parts, StoreError, StoreErrorKind, WholeFile};

/// Parts in files if possible, otherwise in caches. Files are missing in WebKitGTK, in private windows of
/// some browsers, and where a page's security policy forbids the worker. Two models may share a piece: if
/// another page has its file open, parts of it go into caches. So do the bytes that a closing page hands to
/// the service worker, because only dedicated workers write files in place.
#[derive(Clone, Debug)]
pub struct BrowserParts {
    files: FileParts,
    caches: CacheParts,
    /// Pieces whose parts are not all in their files, as far as this page knows.
    scattered: Rc<RefCell<DigestSet>>,
}

impl BrowserParts {
    /// Opens the store of this origin.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unsupported`] where there is no Cache API, as in insecure contexts.
    pub async fn open() -> Result<Self, StoreError> {
        Ok(Self { files: FileParts::default(), caches: CacheParts::open().await?, scattered: Rc::default() })
    }
}

impl Parts for BrowserParts {
    type Bytes = Uint8Array;
    type KeepOpen = KeepOpen;
    type File = WholeFile;

    async fn put(&self, part: &Part, piece: &Uint8Array) -> Result<(), StoreError> {
        let written = self.files.put(part, piece).await;
        if written.is_err() {
            self.is_scattered(&part.digest);
        }
        match written {
            Err(error) if error.kind != StoreErrorKind::NoRoom => self.caches.put(part, piece).await,
            written => written,
        }
    }

    async fn read(&self, digest: &Digest, mut take: impl FnMut(u32, Uint8Array)) -> Result<(), StoreError> {
        let from_files = self.files.read(digest, &mut take).await;
        let mut cached = false;
        let from_caches = self.caches.read(digest, |offset, bytes| {
            cached = true;
            take(offset, bytes);
        });
        from_caches.await?;
        if cached {
            self.is_scattered(digest);
        }
        match from_files {
            Err(error) if error.kind != StoreErrorKind::Unsupported => Err(error),
            Err(_) | Ok(()) => Ok(()),
        }
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        list(&self.caches).await
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        let in_caches = self.caches.delete(digest).await?;
        self.scattered.borrow_mut().remove(digest);
        Ok(self.files.delete(digest).await? || in_caches)
    }

    fn keep_open(&self) -> KeepOpen {
        self.files.keep_open()
    }

    async fn whole(&self, rest: &Part, piece: &mut Uint8Array) -> Option<WholeFile> {
        if self.scattered.borrow().contains(&rest.digest) {
            return None;
        }
        self.files.whole(rest, piece).await
    }

    fn is_scattered(&self, digest: &Digest) {
        self.scattered.borrow_mut().insert(*digest);
    }

    fn release_memory(&self) {
        self.caches.release_memory();
    }
}

/// The same for service workers, who can list and remove files, and nothing else.
#[derive(Clone, Debug)]
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
    type KeepOpen = ();
    type File = WholeFile;

    async fn put(&self, part: &Part, piece: &Uint8Array) -> Result<(), StoreError> {
        self.0.put(part, piece).await
    }

    async fn read(&self, digest: &Digest, take: impl FnMut(u32, Uint8Array)) -> Result<(), StoreError> {
        self.0.read(digest, take).await
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        list(&self.0).await
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        let in_caches = self.0.delete(digest).await?;
        Ok(folder::remove(digest).await? || in_caches)
    }

    fn keep_open(&self) {}

    async fn whole(&self, _rest: &Part, _piece: &mut Uint8Array) -> Option<WholeFile> {
        None
    }

    fn is_scattered(&self, _digest: &Digest) {}
}

/// The pieces of which there are parts, in files or in caches.
async fn list(caches: &CacheParts) -> Result<DigestSet, StoreError> {
    // What cannot be listed is fetched again, and removed some other time.
    let files = folder::list().await.unwrap_or_default();
    Ok(files.iter().chain(caches.list().await?.iter()).copied().collect())
}
