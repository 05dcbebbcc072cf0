//! Parts in memory: in files as a page writes them, and in caches as a worker does.

use std::cell::RefCell;
use std::rc::Rc;

use protocol::transfer::Part;
use protocol::{Digest, DigestSet};

use super::pieces::MemoryFile;
use super::{Access, MemoryBytes, MemoryLock, MemoryLocks};
use crate::{Bytes as _, LockName, Locks as _, Parts, StoreError};

/// Parts in memory.
#[derive(Clone, Debug)]
pub struct MemoryParts {
    access: Access,
    /// Whether they go to files.
    writes_files: bool,
    /// The worker of a page that writes files does one thing after the other.
    queue: MemoryLocks,
    scattered: Rc<RefCell<DigestSet>>,
}

impl MemoryParts {
    pub(super) fn new(access: Access) -> Self {
        Self { access, writes_files: true, queue: MemoryLocks::default(), scattered: Rc::default() }
    }

    /// As a worker has them, who cannot write files.
    #[must_use]
    pub fn of_worker(self) -> Self {
        Self { writes_files: false, ..self }
    }

    /// Waits until what was asked for earlier is done.
    async fn turn(&self) -> Result<MemoryLock, StoreError> {
        self.queue.wait(LockName::Store).await
    }

    async fn write(&self, digest: &Digest, parts: Vec<(u32, MemoryBytes)>) -> Result<(), StoreError> {
        let length = parts.iter().map(|(_, bytes)| u64::from(bytes.len())).sum();
        let origin = self.access.write(length).await?;
        let stored = if self.writes_files { &origin.files } else { &origin.parts };
        stored.borrow_mut().entry(*digest).or_default().extend(parts);
        Ok(())
    }
}

/// The bytes of a part, each range with its first byte.
fn cut(part: &Part, piece: &MemoryBytes) -> Vec<(u32, MemoryBytes)> {
    part.ranges.iter().map(|(first, end)| (*first, piece.slice(*first, *end))).collect()
}

impl Parts for MemoryParts {
    type Bytes = MemoryBytes;
    type KeepOpen = ();
    type File = MemoryFile;

    async fn put(&self, part: &Part, piece: &MemoryBytes) -> Result<(), StoreError> {
        // The bytes of now, whatever happens to that memory while this waits.
        let parts = cut(part, piece);
        let _turn = self.turn().await?;
        let written = self.write(&part.digest, parts).await;
        if written.is_err() {
            self.is_scattered(&part.digest);
        }
        written
    }

    async fn read(&self, digest: &Digest, mut take: impl FnMut(u32, MemoryBytes)) -> Result<(), StoreError> {
        let _turn = self.turn().await?;
        let origin = self.access.read().await?;
        let (files, parts) =
            (origin.files.borrow().get(digest).cloned(), origin.parts.borrow().get(digest).cloned());
        if parts.is_some() {
            self.is_scattered(digest);
        }
        for (offset, bytes) in files.into_iter().chain(parts).flatten() {
            take(offset, bytes);
        }
        Ok(())
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        let origin = self.access.read().await?;
        Ok(origin.files.borrow().keys().chain(origin.parts.borrow().keys()).copied().collect())
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.scattered.borrow_mut().remove(digest);
        let in_caches = self.access.write(0).await?.parts.borrow_mut().remove(digest).is_some();
        let _turn = self.turn().await?;
        Ok(self.access.write(0).await?.files.borrow_mut().remove(digest).is_some() || in_caches)
    }

    fn keep_open(&self) {}

    async fn whole(&self, rest: &Part, piece: &mut MemoryBytes) -> Option<MemoryFile> {
        if self.scattered.borrow().contains(&rest.digest) {
            return None;
        }
        if !rest.ranges.is_empty() {
            self.put(rest, piece).await.ok()?;
        }
        let _turn = self.turn().await.ok()?;
        let parts = self.access.read().await.ok()?.files.borrow().get(&rest.digest).cloned()?;
        let file = MemoryBytes::with_length(piece.len());
        parts.iter().for_each(|(offset, bytes)| file.copy_from(bytes, *offset));
        // The piece's memory is used for it.
        piece.copy_from(&file, 0);
        (file.digest() == rest.digest).then_some(MemoryFile { digest: rest.digest, bytes: file })
    }

    fn is_scattered(&self, digest: &Digest) {
        self.scattered.borrow_mut().insert(*digest);
    }
}
