//! What concerns every page: that the server cannot be reached, and that it has a newer version of the pages.
//!
//! Both are in each page from the beginning, unseen; `watch.rs` marks the document when one of them is true, and the style
//! sheet shows it. So the browser needs no code to make them.

use leptos::prelude::*;
use messages::notices as text;

/// The notices.
#[component]
pub(crate) fn Notices() -> impl IntoView {
    view! {
        <div class="notices" role="status">
            <p class="offline">{text::OFFLINE}</p>
            <p class="renewed">{text::RENEWED} " " <a href="">{text::RELOAD}</a></p>
        </div>
    }
}
