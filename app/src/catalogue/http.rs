//! The browser's side: the server's API.

use gloo_net::http::Request;
use protocol::{IndexReport, ModelId, ModelInfo, routes};
use send_wrapper::SendWrapper;
use serde::de::DeserializeOwned;

use super::CatalogueError;

async fn get<T: DeserializeOwned>(url: String) -> Result<T, CatalogueError> {
    // The browser has one thread, so the wrapper is never opened in another; resources insist on Send.
    SendWrapper::new(async move {
        let response = Request::get(&url).send().await.or(Err(CatalogueError::Unreachable))?;
        match response.status() {
            200 => response.json().await.or(Err(CatalogueError::Unreachable)),
            404 => Err(CatalogueError::Missing),
            _ => Err(CatalogueError::Unreachable),
        }
    })
    .await
}

pub(super) async fn report() -> Result<IndexReport, CatalogueError> {
    get(routes::INDEX.to_owned()).await
}

pub(super) async fn model(id: ModelId) -> Result<ModelInfo, CatalogueError> {
    get(routes::model_info(&id)).await
}
