//! The status of the response, while the server renders.

use leptos::prelude::use_context;

/// Makes it 404.
pub(super) fn not_found() {
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
}
