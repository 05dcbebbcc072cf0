//! The mark in the catalogue that says whether a model is on this device.

use leptos::prelude::*;
use protocol::{ModelId, Revision};
use words::catalogue as text;

use crate::device::{Kept, KeptPart};

/// The mark; nothing until the browser has looked.
#[component]
pub(crate) fn Presence(model: ModelId, revision: Revision, kept: Kept) -> impl IntoView {
    move || {
        let part = kept
            .with(|kept| kept.iter().find(|k| k.model == model && k.revision == revision).map(|k| k.part));
        let (class, text) = match part? {
            KeptPart::Whole => ("mark whole", text::ON_DEVICE),
            KeptPart::Some => ("mark", text::PARTLY_ON_DEVICE),
        };
        Some(view! { <p class=class>{text}</p> })
    }
}
