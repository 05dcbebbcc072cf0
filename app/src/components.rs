//! The parts of pages.

mod download_panel;
mod file_list;
mod presence;

pub(crate) use download_panel::DownloadPanel;
pub(crate) use file_list::FileList;
pub(crate) use presence::Presence;
