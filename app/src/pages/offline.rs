//! The page that replaces an unavailable one. The service worker caches it, and shows it at the requested
//! address.

use leptos::prelude::*;
use leptos_meta::Title;
use messages::offline as text;

/// Says so, and leads on: to the same address again, or to what is here.
#[component]
pub(crate) fn OfflinePage() -> impl IntoView {
    view! {
        <Title text=messages::title(text::TITLE)/>
        <h1>{text::TITLE}</h1>
        <p>{text::LEAD}</p>
        <p><a href="">{text::AGAIN}</a></p>
        <p><a href="/">{messages::model::BACK}</a></p>
    }
}
