//! One module a page.

mod catalogue;
mod model;
mod not_found;
#[cfg(feature = "ssr")]
mod status;
#[cfg(not(feature = "ssr"))]
mod status {
    //! In the browser a page has no status.

    pub(super) fn not_found() {}
}

pub(crate) use catalogue::CataloguePage;
pub(crate) use model::ModelPage;
pub(crate) use not_found::NotFound;
