//! Parts of pages that never change once they are sent.

mod file_list;

pub(crate) use file_list::FileList;
