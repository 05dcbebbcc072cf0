//! What is on this device, and the downloads to it, as islands see it. The server has no device: there everything stands
//! still.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
pub(crate) use browser::DownloadView;
#[cfg(not(feature = "hydrate"))]
pub(crate) use server::DownloadView;
