//! The open pages: telling them, and bringing one to the front.

use js_sys::Array;
use protocol::{FromWorker, ModelId, routes};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{ClientQueryOptions, ClientType, WindowClient};

use crate::{report, scope, settled};

/// All windows of this origin, whether or not this worker controls them.
async fn windows() -> Vec<WindowClient> {
    let options = ClientQueryOptions::new();
    options.set_include_uncontrolled(true);
    options.set_type(ClientType::Window);
    match settled(scope().clients().match_all_with_options(&options)).await {
        Ok(clients) => {
            clients.unchecked_into::<Array>().iter().map(wasm_bindgen::JsCast::unchecked_into).collect()
        }
        Err(error) => {
            report("listing the open pages failed", &error);
            Vec::new()
        }
    }
}

/// What the open pages show.
pub(crate) async fn urls() -> Vec<String> {
    windows().await.iter().map(|window| window.url()).collect()
}

/// Sends a message to every page.
pub(crate) async fn tell(message: &FromWorker) {
    let text = JsValue::from_str(&message.to_text());
    for window in windows().await {
        if let Err(error) = window.post_message(&text) {
            report("a page could not be told", &error);
        }
    }
}

/// Brings the page of a model to the front, or opens it.
pub(crate) async fn show(model: &ModelId) {
    let page = routes::model_page(model);
    let is_it = |url: &str| url.split(['?', '#']).next().is_some_and(|url| url.ends_with(&page));
    let open = windows().await.into_iter().find(|window| is_it(&window.url()));
    let shown = match open.map(|window| window.focus()) {
        Some(Ok(focused)) => settled(focused).await,
        Some(Err(error)) => Err(error),
        None => settled(scope().clients().open_window(&page)).await,
    };
    if let Err(error) = shown {
        report("showing the page failed", &error);
    }
}
