//! The service worker: finishes, verifies and stores downloads, with or without a page, and answers requests for models
//! that are on the device.
//!
//! **Architecture Invariant:** every listener is registered from [`start`], that is, during the first
//! evaluation of the script. A listener that is added later misses the event that woke the worker, and the
//! downloaded data with it.
//!
//! **Architecture Invariant:** no listener can panic: a panic would leave the instance unusable for every later
//! event. Panicking calls are denied in this crate.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod listeners;
mod network;
mod pages;
mod reading;
mod scope;
mod shell;

use wasm_bindgen::prelude::wasm_bindgen;

use scope::{message, report};

/// Runs as the last step of the script's evaluation.
#[wasm_bindgen(start)]
fn start() {
    if let Err(error) = listeners::register() {
        report("listeners could not be registered", &message(&error));
    }
}
