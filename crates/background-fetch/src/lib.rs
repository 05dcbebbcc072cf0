//! Typed bindings for the Background Fetch API, for pages and service workers.
