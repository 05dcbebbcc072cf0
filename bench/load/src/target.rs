//! Where requests go, and what they ask for.

use std::net::SocketAddr;

use serde::Deserialize;

/// Where and what.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// `GET` or `HEAD`.
    pub(crate) method: String,
    /// One of these each time, in turn.
    pub(crate) paths: Vec<String>,
    /// Asks for a part of this many bytes of so many, aligned to its length, at random.
    pub(crate) part: Option<(u64, u64)>,
}
