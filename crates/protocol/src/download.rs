//! The state machine of a download.
