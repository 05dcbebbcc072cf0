//! Finds open pages, and brings one to the front.

use downloader::browser::WorkerBroadcast;
use protocol::{ModelId, routes};

use crate::scope::{report, scope, settled};

/// What the open pages show.
pub(crate) async fn urls() -> Vec<String> {
    WorkerBroadcast::windows().await.iter().map(|window| window.url()).collect()
}

/// Brings the page of a model to the front, or opens it.
pub(crate) async fn show(model: &ModelId) {
    let page = routes::model_page(model);
    let is_it = |url: &str| url.split(['?', '#']).next().is_some_and(|url| url.ends_with(&page));
    let open = WorkerBroadcast::windows().await.into_iter().find(|window| is_it(&window.url()));
    let shown = match open.map(|window| window.focus()) {
        Some(Ok(focused)) => settled(focused).await,
        Some(Err(error)) => Err(error),
        None => settled(scope().clients().open_window(&page)).await,
    };
    if let Err(error) = shown {
        report("showing the page failed", &error);
    }
}
