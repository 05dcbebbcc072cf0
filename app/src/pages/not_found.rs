//! The page for addresses that name nothing.

use leptos::prelude::*;
use leptos_meta::Title;
use words::not_found as text;

use crate::pages::status;

/// Says so, and answers with status 404 where it is rendered on the server.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    status::not_found();
    view! {
        <Title text=words::title(text::TITLE)/>
        <h1>{text::TITLE}</h1>
        <p>{text::LEAD}</p>
        <p><a href="/">{words::model::BACK}</a></p>
    }
}
