//! Searching a text by meaning, with the model on this device. The server has no device: there nothing happens.

#[cfg(feature = "hydrate")]
mod section;
#[cfg(feature = "hydrate")]
mod session;

#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(not(feature = "hydrate"))]
pub(crate) use server::follow;
#[cfg(feature = "hydrate")]
pub(crate) use session::follow;
