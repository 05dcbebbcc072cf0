//! The interface: pages rendered on the server and hydrated in the browser, and the page's side of downloads.
//!
//! The same components run twice, as `ssr` in the server and as `hydrate` in the browser. What exists on one side
//! only is a whole module: [`catalogue`] has a source for each, and `device` is the browser's.
//!
//! **Architecture Invariant:** the first render in the browser equals the server's. What only the browser knows
//! (what is on this device) arrives in effects, which do not run on the server.

#![allow(unreachable_pub, reason = "the component macro makes every component `pub`")]

mod app;
pub mod catalogue;
mod components;
mod device;
mod pages;
#[cfg(feature = "ssr")]
mod shell;

pub use app::App;
#[cfg(feature = "ssr")]
pub use shell::shell;
