//! The engine that the person wants, remembered for this site.

use protocol::download::Choice;

use crate::browser::{log, window};

const KEY: &str = "modelferry-engine";

/// What was chosen before; where nothing is remembered, automatically.
pub(crate) fn remembered() -> Choice {
    // Reading can be forbidden altogether, as in some private windows.
    let text =
        window().local_storage().ok().flatten().and_then(|storage| storage.get_item(KEY).ok().flatten());
    match text.as_deref() {
        Some("background") => Choice::Background,
        Some("page") => Choice::Page,
        Some(_) | None => Choice::Automatic,
    }
}

pub(crate) fn remember(choice: Choice) {
    let text = match choice {
        Choice::Automatic => "automatic",
        Choice::Background => "background",
        Choice::Page => "page",
    };
    let written = window()
        .local_storage()
        .and_then(|storage| storage.map_or(Ok(()), |storage| storage.set_item(KEY, text)));
    if let Err(error) = written {
        // It counts for this visit all the same.
        log("the choice could not be remembered", &error);
    }
}
