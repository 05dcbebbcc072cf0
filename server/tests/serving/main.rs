//! The server as its clients see it: as a value, without a network, and as a program, over a real socket.

// The lint knows test functions, but not the functions that they share.
#![allow(clippy::unwrap_used)]

mod api;
mod certificates;
mod changes;
mod configuration;
mod cross_origin;
mod files;
mod folder;
mod http2;
mod hub_crate;
mod in_process;
mod inspection;
mod limits;
mod metrics;
mod module;
mod mutated_paths;
mod pages;
mod pieces;
mod probe;
mod problems;
mod program;
mod restart;
mod running;
mod sending;
mod tls;
