//! Everything that is decided in a browser about downloads: for pages, for the service worker and for the module.
//!
//! The downloader talks to the world through [`ports`]. Their implementation for browsers is in `browser`; a simulator implements
//! them natively, so that every order of events can be tried in milliseconds (`tests/`).
//!
//! **Architecture Invariant:** outside of `browser` nothing here names a type of `web-sys` or `js-sys`, reads a clock, or spawns a
//! task but through the ports.

mod background;
#[cfg(target_family = "wasm")]
pub mod browser;
mod call;
mod concurrency;
mod context;
mod downloads;
mod driver;
mod error;
mod handle;
mod manifest;
mod page_engine;
pub mod ports;
mod recovery;
mod registrations;
mod shared;
mod survey;
mod wake;
mod watch;

pub use call::{Abort, Call, CallError};
pub use downloads::Downloads;
pub use error::RemoveError;
pub use handle::DownloadHandle;
pub use manifest::current;
pub use recovery::{fetch, on_fetch_complete};
pub use wake::Wake;
