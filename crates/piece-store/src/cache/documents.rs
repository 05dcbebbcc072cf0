//! Manifests and intents in the Cache API.

use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;

use super::{DOCUMENTS, delete, found, open, paths, put_small, stored};
use crate::{Documents, StoreError};

/// Documents in the Cache API.
#[derive(Clone, Copy, Debug)]
pub struct CacheDocuments(());

impl CacheDocuments {
    /// Opens the store of this origin.
    ///
    /// # Errors
    /// [`crate::StoreErrorKind::Unsupported`] where there is no Cache API, as in insecure contexts.
    pub async fn open() -> Result<Self, StoreError> {
        open(DOCUMENTS).await.map(|_| Self(()))
    }
}

impl Documents for CacheDocuments {
    async fn put(&self, key: &str, text: &str) -> Result<(), StoreError> {
        let response = stored(&Uint8Array::from(text.as_bytes()), "text/plain;charset=utf-8")?;
        put_small(DOCUMENTS, key, &response).await
    }

    async fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let Some(response) = found(DOCUMENTS, key).await? else {
            return Ok(None);
        };
        Ok(JsFuture::from(response.text()?).await?.as_string())
    }

    async fn keys(&self) -> Result<Vec<String>, StoreError> {
        paths(DOCUMENTS).await
    }

    async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        delete(DOCUMENTS, key).await
    }
}
