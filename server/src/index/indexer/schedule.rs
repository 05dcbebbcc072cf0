//! When the thread scans the folder, publishes and saves.

use std::time::{Duration, Instant};

/// Looking may take one part in this many of the time.
const LOOK_SHARE: u32 = 20;
/// The same for looks that a request asked for, so that no flood of requests becomes one of looks.
const ASKED_LOOK_SHARE: u32 = 4;
/// The shortest time from one look to another that was asked for.
const ASKED_LOOK: Duration = Duration::from_millis(100);
/// Time between two snapshots, and between two saves, during hashing.
const PUBLISH_EVERY: Duration = Duration::from_millis(250);
const SAVE_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Schedule {
    /// Time between two looks, unless looking takes long.
    rescan: Duration,
    look_at: Instant,
    looked_at: Instant,
    look_took: Duration,
    published_at: Instant,
    saved_at: Instant,
}

impl Schedule {
    pub(super) fn new(rescan: Duration) -> Self {
        let now = Instant::now();
        Self {
            rescan,
            look_at: now,
            looked_at: now,
            look_took: Duration::ZERO,
            published_at: now,
            saved_at: now,
        }
    }

    /// A look that began then is over.
    pub(super) fn looked(&mut self, began: Instant) {
        let now = Instant::now();
        self.looked_at = now;
        self.look_took = now - began;
        self.look_at = now + self.rescan.max(self.look_took * LOOK_SHARE);
    }

    /// A scan was requested.
    pub(super) fn ask_for_look(&mut self) {
        let gap = ASKED_LOOK.max(self.look_took * ASKED_LOOK_SHARE);
        self.look_at = self.look_at.min(self.looked_at + gap);
    }

    pub(super) fn is_time_to_look(&self) -> bool {
        Instant::now() >= self.look_at
    }

    pub(super) fn published(&mut self) {
        self.published_at = Instant::now();
    }

    pub(super) fn is_time_to_publish(&self) -> bool {
        self.published_at.elapsed() >= PUBLISH_EVERY
    }

    pub(super) fn saved(&mut self) {
        self.saved_at = Instant::now();
    }

    pub(super) fn is_time_to_save(&self) -> bool {
        self.saved_at.elapsed() >= SAVE_EVERY
    }

    /// How long nothing is due.
    pub(super) fn wait(&self) -> Duration {
        self.look_at.saturating_duration_since(Instant::now())
    }

    /// The same while files are hashed.
    pub(super) fn wait_while_hashing(&self) -> Duration {
        self.wait().min(PUBLISH_EVERY)
    }
}
