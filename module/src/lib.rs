//! The program behind `/modelferry.js`: pages that are not ours learn from it what is on this device of a model. The script
//! in front of it, `modelferry.js`, turns what is thrown here into errors of its own class; `modelferry.d.ts` says what
//! each function does.
//!
//! **Architecture Invariant:** no interface in here: this crate depends neither on `app` nor on leptos.

mod failure;
mod status;

use js_sys::Array;
use piece_store::BrowserStore;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use failure::Failure;
use status::Status;

/// What there is of one model.
#[wasm_bindgen]
pub async fn status(model: String, revision: Option<String>) -> Result<JsValue, JsValue> {
    let model = failure::model(&model)?;
    let revision = revision.map(|text| failure::revision(&model, &text)).transpose()?.flatten();
    let store = open().await?;
    Ok(Status::of(&store, &model, revision).await.map_err(Failure::from)?.into())
}

/// What there is of every model of which there is something.
#[wasm_bindgen]
pub async fn list() -> Result<Array, JsValue> {
    let store = open().await?;
    let all = Status::of_all(&store).await.map_err(Failure::from)?;
    Ok(all.into_iter().map(JsValue::from).collect())
}

async fn open() -> Result<BrowserStore, Failure> {
    Ok(BrowserStore::open().await?)
}
