//! Parts in memory: in files as a page stores them, and in caches as a worker does.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use futures_util::future::join;
use protocol::transfer::Part;
use protocol::{Digest, DigestSet};

use super::pieces::MemoryFile;
use super::{Access, MemoryBytes, MemoryLock, MemoryLocks, MemoryOrigin};
use crate::{Bytes as _, LockName, Locks as _, Parts, StoreError, StoreErrorKind};

/// Parts in memory.
#[derive(Clone, Debug)]
pub struct MemoryParts {
    access: Access,
    /// Whether they go to files.
    writes_files: bool,
    /// The worker of a page that writes files does one thing after the other.
    queue: MemoryLocks,
    scattered: Rc<RefCell<DigestSet>>,
    /// Lives while a page keeps files open.
    opener: Rc<RefCell<Opener>>,
}

/// Who has a file open, for as long as that lives.
pub(super) type Opener = Weak<()>;

impl MemoryParts {
    pub(super) fn new(access: Access) -> Self {
        Self {
            access,
            writes_files: true,
            queue: MemoryLocks::default(),
            scattered: Rc::default(),
            opener: Rc::default(),
        }
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

    fn write(&self, origin: &MemoryOrigin, digest: &Digest, parts: Vec<(u32, MemoryBytes)>) {
        // Where another page has the file open, it goes to the caches.
        let in_file = self.writes_files && !self.is_elsewhere(origin, digest);
        let stored = if in_file { &origin.files } else { &origin.parts };
        stored.borrow_mut().entry(*digest).or_default().extend(parts);
        if in_file {
            origin.open_files.borrow_mut().insert(*digest, self.opener.borrow().clone());
        } else {
            self.is_scattered(digest);
        }
    }

    /// Whether another page has the file of a piece open.
    fn is_elsewhere(&self, origin: &MemoryOrigin, digest: &Digest) -> bool {
        let open_files = origin.open_files.borrow();
        open_files.get(digest).is_some_and(|opener| {
            opener.upgrade().is_some() && !(self.writes_files && opener.ptr_eq(&self.opener.borrow()))
        })
    }

    /// What happens to a file that another page has open.
    fn check(&self, origin: &MemoryOrigin, digest: &Digest) -> Result<(), StoreError> {
        if self.is_elsewhere(origin, digest) {
            let message = "NoModificationAllowedError: the file is open".to_owned();
            return Err(StoreError { kind: StoreErrorKind::Other, message });
        }
        Ok(())
    }
}

/// The bytes of a part, each range with its first byte.
fn cut(part: &Part, piece: &MemoryBytes) -> Vec<(u32, MemoryBytes)> {
    part.ranges.iter().map(|(first, end)| (*first, piece.slice(*first, *end))).collect()
}

impl Parts for MemoryParts {
    type Bytes = MemoryBytes;
    type KeepOpen = Rc<()>;
    type File = MemoryFile;

    async fn put(&self, part: &Part, piece: &MemoryBytes) -> Result<(), StoreError> {
        // The bytes of now, whatever happens to that memory while this waits.
        let parts = cut(part, piece);
        let length = parts.iter().map(|(_, bytes)| u64::from(bytes.len())).sum();
        // Beside each other, as a browser does it: what does not answer lets all writes wait at once, not one after the other.
        let (turn, allowed) = join(self.turn(), self.access.write(length)).await;
        let _turn = turn?;
        match allowed {
            Ok(origin) => {
                self.write(origin, &part.digest, parts);
                Ok(())
            }
            Err(error) => {
                self.is_scattered(&part.digest);
                Err(error)
            }
        }
    }

    async fn read(&self, digest: &Digest, mut take: impl FnMut(u32, MemoryBytes)) -> Result<(), StoreError> {
        let _turn = self.turn().await?;
        let origin = self.access.read().await?;
        let (files, parts) =
            (origin.files.borrow().get(digest).cloned(), origin.parts.borrow().get(digest).cloned());
        if parts.is_some() {
            self.is_scattered(digest);
        }
        let opened = self.check(origin, digest);
        for (offset, bytes) in files.filter(|_| opened.is_ok()).into_iter().chain(parts).flatten() {
            take(offset, bytes);
        }
        opened
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        let origin = self.access.read().await?;
        Ok(origin.files.borrow().keys().chain(origin.parts.borrow().keys()).copied().collect())
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.scattered.borrow_mut().remove(digest);
        let in_caches = self.access.write(0).await?.parts.borrow_mut().remove(digest).is_some();
        let _turn = self.turn().await?;
        let origin = self.access.write(0).await?;
        self.check(origin, digest)?;
        origin.open_files.borrow_mut().remove(digest);
        Ok(origin.files.borrow_mut().remove(digest).is_some() || in_caches)
    }

    fn keep_open(&self) -> Rc<()> {
        let opener = self.opener.borrow().upgrade().unwrap_or_default();
        self.opener.replace(Rc::downgrade(&opener));
        opener
    }

    async fn whole(&self, rest: &Part, piece: &mut MemoryBytes) -> Option<MemoryFile> {
        if self.scattered.borrow().contains(&rest.digest) {
            return None;
        }
        if !rest.ranges.is_empty() {
            self.put(rest, piece).await.ok()?;
        }
        let _turn = self.turn().await.ok()?;
        let origin = self.access.read().await.ok().filter(|origin| !origin.files_are_silent.get());
        let Some(origin) = origin else {
            // Lent to a worker that does not answer.
            piece.clone().release();
            return None;
        };
        self.check(origin, &rest.digest).ok()?;
        origin.open_files.borrow_mut().remove(&rest.digest);
        let parts = origin.files.borrow().get(&rest.digest).cloned()?;
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
