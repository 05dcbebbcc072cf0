//! One module per page. Only the server renders them.

mod catalogue;
mod model;
mod not_found;
mod offline;

pub(crate) use catalogue::CataloguePage;
pub(crate) use model::ModelPage;
pub(crate) use not_found::NotFound;
pub(crate) use offline::OfflinePage;
