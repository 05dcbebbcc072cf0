//! The marks in the catalogue, which show the state of each model on this device. They are not islands,
//! because an island would need more code than they do.
//!
//! They also continue a download that the user left for the catalogue: the page engine works in any open
//! page.

use downloader::browser::downloads;
use leptos::prelude::document;
use web_sys::Element;

use crate::offer::revision_of;

/// Marks each card from now on: not before the device has been looked at, and no model that is not on it.
pub fn mark_models() {
    let cards = document().get_elements_by_class_name("card");
    for card in (0..cards.length()).filter_map(|n| cards.item(n)) {
        mark(card);
    }
}

fn mark(card: Element) {
    let Some((model, revision)) = revision_of(&card) else { return };
    // An element of this name can always be made.
    let Ok(line) = document().create_element("p") else { return };
    line.set_class_name("mark");
    let handle = downloads().of(model, revision);
    // For as long as the page is there.
    let marked = handle.clone();
    handle.on_change(move || {
        let mark = marked.with(messages::mark);
        if mark.is_empty() {
            line.remove();
        } else {
            line.set_text_content(Some(&mark));
            // Fails for a node that is above the card, and for no other.
            let _ = card.append_child(&line);
        }
        true
    });
    handle.begin();
}
