//! The part of a model's page that searches a text by meaning. What it is made of never changes and is rendered on the server;
//! the browser only fills it and says, with `data-phase`, which parts are seen.

use leptos::html::Section;
use leptos::prelude::*;
use protocol::download::State;
use protocol::{ModelId, Revision};

use crate::device::Seat;
use crate::search;

/// The section around its parts.
#[island]
pub(crate) fn SearchPanel(model: ModelId, revision: Revision, children: Children) -> impl IntoView {
    let section = NodeRef::<Section>::new();
    let seat = Seat::of(model.clone(), revision);
    let ready = Memo::new(move |_| seat.with(|download| *download.state() == State::Ready));
    // Runs in the browser only, after the first render.
    Effect::new(move |_| {
        let ready = ready.get();
        if let Some(section) = section.get() {
            search::follow(&section, &model, revision, ready);
        }
    });
    view! {
        <section class="panel search" data-testid="search" data-phase="absent" aria-labelledby="search" node_ref=section>
            {children()}
        </section>
    }
}
