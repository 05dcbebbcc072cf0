//! The proxy on real sockets, in front of a tiny server, asked by a client that reads raw bytes.

// The lint knows test functions, but not the functions that they share.
#![allow(clippy::unwrap_used)]

mod client;
mod commands;
mod faults;
mod passing;
mod program;
mod setting;
mod upstream;
