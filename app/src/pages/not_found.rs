//! The page for addresses that do not exist.

use leptos::prelude::*;
use leptos_meta::Title;
use messages::not_found as text;

/// Says so, with status 404.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    // Absent only while the routes are listed at start.
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <Title text=messages::title(text::TITLE)/>
        <h1>{text::TITLE}</h1>
        <p>{text::LEAD}</p>
        <p><a href="/">{messages::model::BACK}</a></p>
    }
}
