//! Texts for the states of a download.

mod explanation;
mod progress;
mod quota;
#[cfg(test)]
mod tests;

pub use explanation::explanation;
pub use progress::{headline, live, mark, reach, throughput};
pub use quota::quota;

use protocol::ModelId;
use protocol::download::Button;

/// The label of a button.
#[must_use]
pub fn button(button: Button) -> &'static str {
    match button {
        Button::Download => "Download",
        Button::Resume => "Resume",
        Button::Cancel => "Cancel",
        Button::Pause => "Pause",
        Button::TakeOver => "Go on in this page",
        Button::Renew => "Get the new version",
        Button::Discard => "Discard",
        Button::Delete => "Delete",
    }
}

/// The title in the browser's own list of downloads.
#[must_use]
pub fn background_title(model: &ModelId) -> String {
    format!("Downloading {}", model.name())
}

/// The same when the browser is done.
#[must_use]
pub fn background_title_at_end(model: &ModelId, ready: bool) -> String {
    if ready {
        format!("{} is on this device", model.name())
    } else {
        format!("{} is not complete: open the page to go on", model.name())
    }
}
