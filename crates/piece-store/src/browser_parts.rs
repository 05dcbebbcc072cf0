//! Where a browser keeps parts: in files if it can, else in its caches.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Uint8Array;
use protocol::transfer::Part;
use protocol::{Digest, DigestSet, routes};

use crate::cache::{gather, put_part};
use crate::files::PART;
use crate::folder;
use crate::{CacheParts, FileParts, KeepOpen, Parts, StoreError, StoreErrorKind, WholeFile, release};

/// Parts in files, and in caches where there are no files: in WebKitGTK, in private windows of some browsers, where a page's
/// security policy forbids the worker; and where another page has the file open, since two models may share a piece. What a page
/// gives to the service worker in its last moments is in caches, too: only dedicated workers write files in place.
#[derive(Clone, Debug)]
pub struct BrowserParts {
    files: FileParts,
    caches: CacheParts,
    /// Memory that parts on their way to the cache pass through.
    memory: Rc<RefCell<Option<Uint8Array>>>,
    /// Pieces whose parts are not all in their files, as far as this page knows.
    scattered: Rc<RefCell<DigestSet>>,
}

impl BrowserParts {
    /// Opens the store of this origin.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unsupported`] where there is no Cache API, as in insecure contexts.
    pub async fn open() -> Result<Self, StoreError> {
        Ok(Self {
            files: FileParts::default(),
            caches: CacheParts::open().await?,
            memory: Rc::default(),
            scattered: Rc::default(),
        })
    }

    /// Gives back what is needed for writing.
    pub fn let_go(&self) {
        if let Some(memory) = self.memory.take() {
            release(&memory.buffer());
        }
    }

    /// To be called before there is much to write.
    #[must_use]
    pub fn keep_open(&self) -> KeepOpen {
        self.files.keep_open()
    }

    /// Not all parts of this piece are in its file: one is in a cache, or could not be written.
    pub fn is_scattered(&self, digest: Digest) {
        self.scattered.borrow_mut().insert(digest);
    }

    /// A piece whose parts are in a file, together with the `rest` of its bytes, if all of that is right. The memory of `piece` is
    /// needed for that; it has what is in the file afterwards, or nothing if it was lost.
    pub async fn whole(&self, rest: &Part, piece: &mut Uint8Array) -> Option<WholeFile> {
        if self.scattered.borrow().contains(&rest.digest) {
            return None;
        }
        // Else it is in memory still.
        if !rest.ranges.is_empty() {
            self.files.put(rest, piece).await.ok()?;
        }
        self.files.whole(&rest.digest, piece).await.ok()?
    }

    async fn put_into_cache(&self, part: &Part, piece: &Uint8Array) -> Result<(), StoreError> {
        let length = part.length();
        // A response that is made of memory of its own would keep that until garbage is collected. One part at a time has this
        // until it is stored: WebKit copies the bytes of a response only then.
        let memory = self.memory.take().filter(|memory| memory.length() >= length);
        let memory = memory.unwrap_or_else(|| Uint8Array::new_with_length(length.max(PART)));
        let bytes = memory.subarray(0, length);
        gather(part, piece, &bytes);
        let put = put_part(&routes::part(part), &bytes).await;
        self.memory.replace(Some(memory));
        put
    }
}

impl Parts for BrowserParts {
    type Bytes = Uint8Array;

    async fn put(&self, part: &Part, piece: &Uint8Array) -> Result<(), StoreError> {
        let written = self.files.put(part, piece).await;
        if written.is_err() {
            self.is_scattered(part.digest);
        }
        match written {
            // Memory that was lent meanwhile has nothing in it.
            Err(error) if error.kind != StoreErrorKind::NoRoom && piece.length() > 0 => {
                self.put_into_cache(part, piece).await
            }
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
            self.is_scattered(*digest);
        }
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
        self.scattered.borrow_mut().remove(digest);
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

    async fn put(&self, part: &Part, piece: &Uint8Array) -> Result<(), StoreError> {
        self.0.put(part, piece).await
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
