//! A download, as islands read it. The server knows nothing about the device, so its variant never changes.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
pub(crate) use browser::DownloadView;
#[cfg(not(feature = "hydrate"))]
pub(crate) use server::DownloadView;
