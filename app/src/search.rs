//! Semantic search of a text, with the model on this device. On the server this does nothing.

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
