//! The thresholds and timeouts of a download.

use super::Millis;

/// The numbers that decide. All but tests use the default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Pieces below this size, in bytes, are fetched by the page. If requests finish faster than a few per
    /// second, Background Fetch pauses for 5 s after every 6 to 12 of them.
    pub small: u64,
    /// How long a background fetch may take to its first byte before the page takes over.
    pub first_byte: Millis,
    /// How long nothing may happen after the browser's end before the page stops waiting for the worker.
    pub settle: Millis,
    /// How long a background fetch that has moved may stand still before the page says that it does. It is never
    /// ended for that: the browser itself waits 20 s before it tries again, and 30 s after a navigation.
    pub stall: Millis,
    /// For this time after a page has opened, a failed background fetch counts as one that a closed browser
    /// has failed. A browser fails such fetches some seconds after its start.
    pub relaunch: Millis,
}

impl Default for Settings {
    fn default() -> Self {
        Self { small: 1 << 20, first_byte: 20_000, settle: 15_000, stall: 45_000, relaunch: 30_000 }
    }
}
