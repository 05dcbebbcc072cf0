//! Operations on the folder of part files that both windows and workers support.

use gloo_timers::future::TimeoutFuture;
use js_sys::Reflect;
use protocol::{Digest, DigestSet};
use wasm_bindgen::JsCast as _;
use web_sys::Blob;

use crate::connection::answer;
use crate::{StoreError, StoreErrorKind};

pub(crate) const NAME: &str = "modelferry-parts-1";

/// How often to try again to remove a file whose page has just gone, and after how many milliseconds.
const TRIES: u32 = 20;
const PAUSE: u32 = 50;

mod glue {
    //! Half of these are an unstable API in `web-sys`.

    use js_sys::{AsyncIterator, Promise};
    use wasm_bindgen::JsValue;
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        pub(super) type Storage;
        #[wasm_bindgen(method, catch, js_name = getDirectory)]
        pub(super) fn get_directory(this: &Storage) -> Result<Promise, JsValue>;

        pub(super) type Folder;
        #[wasm_bindgen(method, js_name = getDirectoryHandle)]
        pub(super) fn folder(this: &Folder, name: &str) -> Promise;
        #[wasm_bindgen(method, js_name = getFileHandle)]
        pub(super) fn entry(this: &Folder, name: &str) -> Promise;
        #[wasm_bindgen(method, js_name = removeEntry)]
        pub(super) fn remove(this: &Folder, name: &str) -> Promise;
        #[wasm_bindgen(method)]
        pub(super) fn keys(this: &Folder) -> AsyncIterator;

        pub(super) type Entry;
        #[wasm_bindgen(method, js_name = getFile)]
        pub(super) fn file(this: &Entry) -> Promise;
    }
}

/// The pieces of which there is a file.
pub(crate) async fn list() -> Result<DigestSet, StoreError> {
    let mut digests = Vec::new();
    if let Some(folder) = open().await {
        let names = folder.keys();
        loop {
            let next = answer(names.next_iterator()?.unchecked_into()).await?;
            let Some(name) = Reflect::get(&next, &"value".into())?.as_string() else { break };
            digests.extend(name.parse::<Digest>());
        }
    }
    Ok(digests.into_iter().collect())
}

/// The file of a piece. It must not be changed while it is read.
pub(crate) async fn file(digest: &Digest) -> Result<Blob, StoreError> {
    let missing = || StoreError::new(StoreErrorKind::Other, "there is no such file");
    let entry = answer(open().await.ok_or_else(missing)?.entry(&digest.to_string())).await?;
    Ok(answer(entry.unchecked_into::<glue::Entry>().file()).await?.unchecked_into())
}

/// Removes a file; returns whether it existed and is gone. A file that a page has open cannot be removed.
pub(crate) async fn remove(digest: &Digest) -> Result<bool, StoreError> {
    let Some(folder) = open().await else { return Ok(false) };
    for _ in 0..TRIES {
        match answer(folder.remove(&digest.to_string())).await {
            Ok(_) => return Ok(true),
            Err(error) if error.message.starts_with("NotFoundError") => return Ok(false),
            Err(error) if error.message.starts_with("NoModificationAllowedError") => {}
            Err(error) => return Err(error),
        }
        TimeoutFuture::new(PAUSE).await;
    }
    Ok(false)
}

/// `None` where nothing was ever written, or nothing can be.
async fn open() -> Option<glue::Folder> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let storage: glue::Storage = Reflect::get(&navigator, &"storage".into()).ok()?.unchecked_into();
    let root: glue::Folder = answer(storage.get_directory().ok()?).await.ok()?.unchecked_into();
    Some(answer(root.folder(NAME)).await.ok()?.unchecked_into())
}
