//! Every decision about downloads in a browser: for pages, for the service worker and for the module.
//!
//! The downloader uses the browser through [`ports`]. `browser` implements them for browsers. A simulator
//! in `tests/` implements them natively, so that tests can try every order of events in milliseconds.
//!
//! **Architecture Invariant:** outside `browser`, nothing here names a type of `web-sys` or `js-sys`. Only
//! ports read the clock or spawn a task.

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
