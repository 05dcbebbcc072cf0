//! A browser, its network and a server, in virtual time: any number of tabs and a worker over one origin's store.
//!
//! What Chromium does differently from what one would expect is in `fetches.rs`, with the fact that it imitates.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, missing_debug_implementations, reason = "a failing test panics")]
#![allow(clippy::type_complexity, reason = "lists of listeners")]

pub mod executor;
pub mod fetches;
pub mod page;
pub mod server;
pub mod waste;
pub mod world;

pub use server::Trouble;
pub use world::{Silence, Tab, World};
