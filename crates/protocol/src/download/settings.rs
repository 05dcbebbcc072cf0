//! The thresholds and timeouts of a download.

use super::Millis;

/// The numbers that decide. All but tests use the default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Pieces below this size, in bytes, are fetched by the page: requests that finish faster than a few a
    /// second make Background Fetch pause for 5 s after every 6 to 12 of them.
    pub small: u64,
    /// How long a background fetch may take to its first byte before the page takes over.
    pub first_byte: Millis,
    /// How long nothing may happen after the browser's end before the page stops waiting for the worker.
    pub settle: Millis,
    /// How long a background fetch that has moved may stand still before the page says that it does. It is never
    /// ended for that: the browser itself waits 20 s before it tries again, and 30 s after a navigation.
    pub stall: Millis,
    /// For how long after it was opened a page takes the end of a background fetch for one of a browser that was
    /// closed in between: such a fetch fails some seconds after the browser is there again.
    pub relaunch: Millis,
}

impl Default for Settings {
    fn default() -> Self {
        Self { small: 1 << 20, first_byte: 20_000, settle: 15_000, stall: 45_000, relaunch: 30_000 }
    }
}
