//! The mark in the catalogue that says how a model stands on this device.
//!
//! It also goes on with a download that the user left for the catalogue: the page engine lives in whatever page
//! is open.

use leptos::prelude::*;
use protocol::{ModelId, Revision};

use crate::download_view::DownloadView;

/// The mark; nothing until the browser has looked, and for models that are not on this device.
#[island]
pub(crate) fn Presence(model: ModelId, revision: Revision) -> impl IntoView {
    let download = DownloadView::of(model, revision);
    Effect::new(move |_| download.begin());
    move || {
        Some(download.with(messages::mark))
            .filter(|mark| !mark.is_empty())
            .map(|mark| view! { <p class="mark">{mark}</p> })
    }
}
