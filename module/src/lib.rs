//! The program behind `/modelferry.js`, with which other pages of the origin control downloads. The script
//! `modelferry.js` converts errors into its own class. `modelferry.d.ts` describes each function.
//!
//! **Architecture Invariant:** this crate has no interface: it depends neither on `app` nor on leptos.

mod abort;
mod download;
mod failure;
mod progress;
mod status;

use downloader::browser;
use js_sys::{Array, Function};
use piece_store::BrowserStore;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::AbortSignal;

use abort::Abort;
use download::Call;
use failure::Failure;
use status::Status;

/// The state of one model.
#[wasm_bindgen]
pub async fn status(model: String, revision: Option<String>) -> Result<JsValue, JsValue> {
    let model = failure::model(&model)?;
    let revision = failure::revision(revision)?;
    let about = |error| Failure::from(error).about(&model, revision);
    let store = BrowserStore::open().await.map_err(about)?;
    Ok(Status::of(&store, &model, revision).await.map_err(about)?.into())
}

/// The state of every model that is stored, complete or in part.
#[wasm_bindgen]
pub async fn list() -> Result<Array, JsValue> {
    let store = BrowserStore::open().await.map_err(Failure::from)?;
    let all = Status::of_all(&store).await.map_err(Failure::from)?;
    Ok(all.into_iter().map(JsValue::from).collect())
}

/// Fetches what is missing of a model; comes back when it is ready.
#[wasm_bindgen]
pub async fn download(
    model: String,
    revision: Option<String>,
    engine: Option<String>,
    on_progress: Option<Function>,
    signal: Option<AbortSignal>,
) -> Result<JsValue, JsValue> {
    let call = downloader::Call {
        model: failure::model(&model)?,
        revision: failure::revision(revision)?,
        engine: failure::engine(engine.as_deref())?,
    };
    let call = Call { call, on_progress, abort: Abort::of(signal) };
    Ok(call.carry_out().await?.into())
}

/// Removes a model with all its revisions. A download of it that this page is at is ended first.
#[wasm_bindgen]
pub async fn remove(model: String) -> Result<(), JsValue> {
    let model = failure::model(&model)?;
    let downloads = browser::downloads();
    downloads.stop(&model).await;
    downloads.remove(&model).await.map_err(|error| Failure::from(error).about(&model, None))?;
    Ok(())
}
