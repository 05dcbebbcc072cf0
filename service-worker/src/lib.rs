//! The service worker: finishes, verifies and stores downloads.
