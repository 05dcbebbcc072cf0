//! What is on this device, and the downloads to it, as islands see it. The server has no device: there everything stands
//! still.

#[cfg(feature = "hydrate")]
mod here;
#[cfg(not(feature = "hydrate"))]
mod nowhere;

#[cfg(feature = "hydrate")]
pub(crate) use here::DownloadView;
#[cfg(not(feature = "hydrate"))]
pub(crate) use nowhere::DownloadView;
