//! Parts of pages that never change once they are sent.

mod anatomy;
mod file_list;
mod notices;
mod search_section;

pub(crate) use anatomy::AnatomySection;
pub(crate) use file_list::FileList;
pub(crate) use notices::Notices;
pub(crate) use search_section::SearchSection;
