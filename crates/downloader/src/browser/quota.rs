//! Storage quota and usage (`navigator.storage`).

use js_sys::Reflect;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::StorageManager;

use crate::ports::Quota;

/// The quota of this origin.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrowserQuota;

impl Quota for BrowserQuota {
    async fn left(&self) -> Option<u64> {
        let left = left(&storage()?).await;
        left.unwrap_or_else(|error| {
            super::log("the browser does not tell how much room there is", &error);
            None
        })
    }

    async fn is_persistent(&self) -> Option<bool> {
        JsFuture::from(storage()?.persisted().ok()?).await.ok()?.as_bool()
    }

    async fn ask_to_persist(&self) {
        let Some(storage) = storage() else { return };
        let asked = async { JsFuture::from(storage.persist()?).await };
        if let Err(error) = asked.await {
            super::log("the browser could not be asked to keep what is stored", &error);
        }
    }
}

/// Some engines have none.
fn storage() -> Option<StorageManager> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let storage = Reflect::get(&navigator, &"storage".into()).ok()?;
    storage.is_object().then(|| storage.unchecked_into())
}

async fn left(storage: &StorageManager) -> Result<Option<u64>, JsValue> {
    let estimate = JsFuture::from(storage.estimate()?).await?;
    let number = |name: &str| Ok::<_, JsValue>(Reflect::get(&estimate, &name.into())?.as_f64());
    Ok(match (number("quota")?, number("usage")?) {
        // Negative, as after a quota was lowered, becomes 0.
        (Some(quota), Some(usage)) => Some((quota - usage) as u64),
        _ => None,
    })
}
