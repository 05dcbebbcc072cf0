//! The mark in the catalogue that says how a model stands on this device.
//!
//! It also goes on with a download that the person left for the catalogue: the page engine lives in whatever page
//! is open.

use leptos::prelude::*;
use protocol::{ModelId, Revision};

use crate::device;

/// The mark; nothing until the browser has looked, and for models that are not on this device.
#[island]
pub(crate) fn Presence(model: ModelId, revision: Revision) -> impl IntoView {
    let seat = device::seat(model, revision);
    Effect::new({
        let seat = seat.clone();
        move |_| seat.begin()
    });
    let download = seat.download();
    move || {
        Some(download.with(words::mark))
            .filter(|mark| !mark.is_empty())
            .map(|mark| view! { <p class="mark">{mark}</p> })
    }
}
