//! The parts of pages that live in the browser.

mod download_panel;
mod presence;
mod search_panel;

// The browser finds them by their exported names.
#[cfg(feature = "ssr")]
pub(crate) use download_panel::DownloadPanel;
#[cfg(feature = "ssr")]
pub(crate) use presence::Presence;
#[cfg(feature = "ssr")]
pub(crate) use search_panel::SearchPanel;
