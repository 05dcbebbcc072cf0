//! How much room there is, and whether the browser promises to keep what is stored.

use js_sys::Reflect;
use protocol::ModelId;
use protocol::download::Room;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::StorageManager;

use crate::browser::{Device, log, window};

/// Looks at the room, as far as the browser tells.
pub(crate) async fn look(device: &Device, model: &ModelId) -> Room {
    let mut room = Room { free: left().await, ..Room::default() };
    if let Some(storage) = storage()
        && let Ok(asked) = storage.persisted()
        && let Ok(persisted) = JsFuture::from(asked).await
    {
        room.persisted = persisted.as_bool();
    }
    match device.store.kept_of_each().await {
        Ok(models) => {
            room.others = models.into_iter().filter(|(other, kept)| other != model && *kept > 0).collect();
        }
        Err(error) => log("the store could not be read", &error.to_string().into()),
    }
    room
}

/// How many bytes this site may still store; `None` if the browser does not tell.
pub(crate) async fn left() -> Option<u64> {
    let left = free(&storage()?).await;
    left.unwrap_or_else(|error| {
        log("the browser does not tell how much room there is", &error);
        None
    })
}

/// Asks the browser not to remove what is stored. Some ask the person, so this follows a click on Download, when it
/// is plain what it is about.
pub(crate) async fn ask_to_keep() {
    let Some(storage) = storage() else { return };
    let asked = async { JsFuture::from(storage.persist()?).await };
    if let Err(error) = asked.await {
        log("the browser could not be asked to keep what is stored", &error);
    }
}

/// Some engines have none.
fn storage() -> Option<StorageManager> {
    let storage = Reflect::get(&window().navigator(), &"storage".into()).ok()?;
    storage.is_object().then(|| storage.unchecked_into())
}

async fn free(storage: &StorageManager) -> Result<Option<u64>, JsValue> {
    let estimate = JsFuture::from(storage.estimate()?).await?;
    let number = |name: &str| Ok::<_, JsValue>(Reflect::get(&estimate, &name.into())?.as_f64());
    Ok(match (number("quota")?, number("usage")?) {
        // Negative, as after a quota was lowered, becomes 0.
        (Some(quota), Some(usage)) => Some((quota - usage) as u64),
        _ => None,
    })
}
