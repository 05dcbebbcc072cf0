//! Static parts of pages.

mod file_list;
mod inspection;
mod notices;
mod search_section;

pub(crate) use file_list::FileList;
pub(crate) use inspection::InspectionSection;
pub(crate) use notices::Notices;
pub(crate) use search_section::SearchSection;
