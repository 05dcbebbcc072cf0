//! Documents in memory.

use super::Access;
use crate::model_store::is_manifest_key;
use crate::{Documents, StoreError};

/// Documents in memory.
#[derive(Clone, Debug)]
pub struct MemoryDocuments(Access);

impl MemoryDocuments {
    pub(super) fn new(access: Access) -> Self {
        Self(access)
    }
}

impl Documents for MemoryDocuments {
    async fn put(&self, key: &str, text: &str) -> Result<(), StoreError> {
        let origin = self.0.write(text.len() as u64).await?;
        origin.documents.borrow_mut().insert(key.to_owned(), text.to_owned());
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.0.read().await?.documents.borrow().get(key).cloned())
    }

    async fn keys(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.0.read().await?.documents.borrow().keys().cloned().collect())
    }

    async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let origin = self.0.write(0).await?;
        let removed = origin.documents.borrow_mut().remove(key).is_some();
        if removed && is_manifest_key(key) {
            origin.removals.set(origin.removals.get() + 1);
        }
        Ok(removed)
    }
}
