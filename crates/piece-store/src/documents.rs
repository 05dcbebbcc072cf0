//! The trait of a store for small texts: manifests and intents.

use crate::StoreError;

/// Small texts by key. A key is an absolute URL path, already percent-encoded.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Documents: Clone + 'static {
    /// Keeps a text under a key, in place of what was there.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn put(&self, key: &str, text: &str) -> Result<(), StoreError>;

    /// The text under a key.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn get(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// All keys, in no order.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn keys(&self) -> Result<Vec<String>, StoreError>;

    /// Removes a text; says whether it was there.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn delete(&self, key: &str) -> Result<bool, StoreError>;
}
