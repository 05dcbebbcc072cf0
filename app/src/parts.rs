//! Parts of pages that never change once they are sent.

mod anatomy;
mod file_list;
mod search_parts;

pub(crate) use anatomy::AnatomySection;
pub(crate) use file_list::FileList;
pub(crate) use search_parts::SearchParts;
