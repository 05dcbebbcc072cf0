//! Parts in memory, as in files.

use protocol::transfer::Part;
use protocol::{Digest, DigestSet};

use super::pieces::MemoryFile;
use super::{Access, MemoryBytes};
use crate::{Bytes as _, Parts, StoreError};

/// Parts in memory.
#[derive(Clone, Debug)]
pub struct MemoryParts(Access);

impl MemoryParts {
    pub(super) fn new(access: Access) -> Self {
        Self(access)
    }
}

impl Parts for MemoryParts {
    type Bytes = MemoryBytes;
    type KeepOpen = ();
    type File = MemoryFile;

    async fn put(&self, part: &Part, piece: &MemoryBytes) -> Result<(), StoreError> {
        let bytes: Vec<_> =
            part.ranges.iter().map(|(first, end)| (*first, piece.slice(*first, *end))).collect();
        let origin = self.0.write(u64::from(part.length())).await?;
        origin.parts.borrow_mut().entry(part.digest).or_default().extend(bytes);
        Ok(())
    }

    async fn read(&self, digest: &Digest, mut take: impl FnMut(u32, MemoryBytes)) -> Result<(), StoreError> {
        let parts = self.0.read().await?.parts.borrow().get(digest).cloned();
        for (offset, bytes) in parts.unwrap_or_default() {
            take(offset, bytes);
        }
        Ok(())
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        Ok(self.0.read().await?.parts.borrow().keys().copied().collect())
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.0.write(0).await?.parts.borrow_mut().remove(digest).is_some())
    }

    fn keep_open(&self) {}

    async fn whole(&self, rest: &Part, piece: &mut MemoryBytes) -> Option<MemoryFile> {
        self.put(rest, piece).await.ok()?;
        let file = MemoryBytes::with_length(piece.len());
        self.read(&rest.digest, |offset, bytes| file.copy_from(&bytes, offset)).await.ok()?;
        piece.copy_from(&file, 0);
        (file.digest() == rest.digest).then_some(MemoryFile { digest: rest.digest, bytes: file })
    }
}
