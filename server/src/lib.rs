//! Hosts a folder of models: files, pieces, the hub's API and the pages.
//!
//! The server is a value, [`Site`]. It consists of an [`index::Index`] (the models) and routes (how
//! requests reach them). The binary adds the listener.

pub mod config;
pub mod connections;
pub mod error;
mod http;
pub mod index;
mod inspection;
mod kernel;
pub mod logging;
pub mod metrics;
mod pages;
mod routes;
pub mod serve;
mod site;
mod state;

pub use http::{AccessLog, AllowedOrigins, PageIsolation};
pub use site::Site;
pub use state::ServerState;
