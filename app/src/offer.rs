//! What a model's page offers. The server writes it into the download panel, and the browser reads it from
//! there.
//!
//! These values are not props of the island: the code that reads props would be a fourteenth of what a
//! browser loads.

use protocol::{ModelId, Revision};

/// One revision of a model.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub model: ModelId,
    pub revision: Revision,
    /// In bytes, as the server states it.
    pub size: u64,
}

#[cfg(feature = "hydrate")]
impl Offer {
    /// That of this page.
    pub(crate) fn find() -> Self {
        let document = leptos::prelude::document();
        let panel = document.get_elements_by_class_name("panel").item(0);
        let offer = panel.and_then(|panel| {
            let size = panel.get_attribute("data-size")?.parse().ok()?;
            let (model, revision) = revision_of(&panel)?;
            Some(Self { model, revision, size })
        });
        offer.expect("the server renders it")
    }
}

#[cfg(not(feature = "hydrate"))]
impl Offer {
    /// That of this page.
    pub(crate) fn find() -> Self {
        leptos::prelude::expect_context()
    }
}

/// The revision that an element is about, in `data-model` and `data-revision`.
#[cfg(feature = "hydrate")]
pub(crate) fn revision_of(element: &web_sys::Element) -> Option<(ModelId, Revision)> {
    let model = element.get_attribute("data-model")?.parse().ok()?;
    Some((model, element.get_attribute("data-revision")?.parse().ok()?))
}
