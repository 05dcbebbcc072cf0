//! The in-memory twins, for tests of everything that uses a store.

use std::cell::RefCell;
use std::collections::BTreeMap;

use protocol::transfer::Part;
use protocol::{Digest, DigestSet};
use sha2::{Digest as _, Sha256};

use crate::{AdmitError, Documents, Parts, Pieces, StoreError};

/// Pieces in memory.
#[derive(Debug, Default)]
pub struct MemoryPieces(RefCell<BTreeMap<Digest, Vec<u8>>>);

impl Pieces for MemoryPieces {
    type Bytes = Vec<u8>;

    async fn admit(&self, digest: &Digest, bytes: Vec<u8>) -> Result<(), AdmitError> {
        let found = Digest::from_bytes(Sha256::digest(&bytes).into());
        if found != *digest {
            return Err(AdmitError::Mismatch { expected: *digest, found });
        }
        self.0.borrow_mut().insert(found, bytes);
        Ok(())
    }

    async fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.borrow().get(digest).cloned())
    }

    async fn has(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.0.borrow().contains_key(digest))
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        Ok(self.0.borrow().keys().copied().collect())
    }

    async fn unfinished(&self) -> Result<DigestSet, StoreError> {
        // Nothing comes between here.
        Ok(DigestSet::default())
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.0.borrow_mut().remove(digest).is_some())
    }
}

/// Documents in memory.
#[derive(Debug, Default)]
pub struct MemoryDocuments(RefCell<BTreeMap<String, String>>);

impl Documents for MemoryDocuments {
    async fn put(&self, key: &str, text: &str) -> Result<(), StoreError> {
        self.0.borrow_mut().insert(key.to_owned(), text.to_owned());
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.0.borrow().get(key).cloned())
    }

    async fn keys(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.0.borrow().keys().cloned().collect())
    }

    async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        Ok(self.0.borrow_mut().remove(key).is_some())
    }
}

/// Parts in memory.
#[derive(Debug, Default)]
pub struct MemoryParts(RefCell<BTreeMap<(Digest, u32, u32), Vec<u8>>>);

impl Parts for MemoryParts {
    type Bytes = Vec<u8>;

    async fn put(&self, part: &Part, piece: &Vec<u8>) -> Result<(), StoreError> {
        for (first, end) in &part.ranges {
            let bytes = piece[*first as usize..*end as usize].to_vec();
            self.0.borrow_mut().insert((part.digest, *first, *end), bytes);
        }
        Ok(())
    }

    async fn read(&self, digest: &Digest, mut take: impl FnMut(u32, Vec<u8>)) -> Result<(), StoreError> {
        for ((_, offset, _), bytes) in self.0.borrow().iter().filter(|((of, ..), _)| of == digest) {
            take(*offset, bytes.clone());
        }
        Ok(())
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        Ok(self.0.borrow().keys().map(|(digest, ..)| *digest).collect())
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        let before = self.0.borrow().len();
        self.0.borrow_mut().retain(|(of, ..), _| of != digest);
        Ok(self.0.borrow().len() < before)
    }
}
