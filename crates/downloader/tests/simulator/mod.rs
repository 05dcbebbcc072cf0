//! A browser, its network and a server in virtual time: any number of tabs and one worker share an origin's
//! store.
//!
//! `fetches.rs` lists how Chromium's Background Fetch differs from what its specification suggests.

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
