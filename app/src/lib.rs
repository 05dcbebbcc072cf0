//! The interface: pages rendered on the server, islands hydrated in the browser, and the page's side of
//! downloads.
//!
//! The crate is compiled twice. With `ssr` it has the pages, which are plain HTML, and the islands in them.
//! With `hydrate` it has only the islands, so a browser loads no code for static content. Code for one side
//! only is a whole module.
//!
//! **Architecture Invariant:** the first render of an island in the browser equals the server's. Facts that
//! only the browser knows (what is on this device) arrive in effects, which do not run on the server.
#![allow(unreachable_pub, reason = "the component macros make every component `pub`")]

#[cfg(feature = "ssr")]
pub mod catalogue;
#[cfg(feature = "ssr")]
mod document;
mod download_panel;
mod download_view;
#[cfg(feature = "hydrate")]
mod marks;
mod offer;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod parts;
mod search;
#[cfg(feature = "hydrate")]
mod watch;

#[cfg(feature = "ssr")]
pub use document::{App, THEME, Theme, document};
#[cfg(feature = "hydrate")]
pub use marks::mark_models;
#[cfg(feature = "hydrate")]
pub use watch::watch;
