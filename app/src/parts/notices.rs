//! The notices on every page: the server is unreachable, or it has a newer version of the pages.
//!
//! Each page contains both, hidden. `watch.rs` marks the document when one applies, and the style sheet
//! shows it. The browser therefore needs no code to create them.

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
