//! Parts of pages that never change once they are sent.

mod file_list;
mod notices;

pub(crate) use file_list::FileList;
pub(crate) use notices::Notices;
