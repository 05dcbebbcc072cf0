//! Logs the progress of hashing.

use std::time::{Duration, Instant};

/// Time between two log lines during hashing.
const SAY_EVERY: Duration = Duration::from_secs(2);

/// A stretch of time in which something is hashed.
pub(super) struct Burst {
    began: Instant,
    said_at: Instant,
    files: usize,
    bytes: u64,
    files_done: usize,
    /// Bytes that the pool had hashed before.
    bytes_before: u64,
}

impl Burst {
    /// Nothing is hashed yet; `bytes_before` is what the pool has hashed up to now.
    pub(super) fn new(bytes_before: u64) -> Self {
        let now = Instant::now();
        Self { began: now, said_at: now, files: 0, bytes: 0, files_done: 0, bytes_before }
    }

    /// One more file of so many bytes is to be hashed.
    pub(super) fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }

    /// One file is done, however that ended.
    pub(super) fn file_is_done(&mut self) {
        self.files_done += 1;
    }

    /// Logs a line if it is time for one. `bytes_done` is what the pool has hashed up to now, `is_settled` that it has nothing
    /// left to do. Short bursts end before their first line, and have none.
    pub(super) fn say(&mut self, bytes_done: u64, is_settled: bool) {
        let now = Instant::now();
        let is_over = is_settled && self.files_done == self.files;
        let (files, files_done) = (self.files, self.files_done);
        let (bytes, bytes_done) = (self.bytes, bytes_done - self.bytes_before);
        if is_over && self.said_at != self.began {
            let seconds = (now - self.began).as_secs_f64();
            let files = messages::count(files, "file", "files");
            tracing::info!("hashed {files}, {bytes_done} bytes, in {seconds:.1} s");
        } else if !is_over && now - self.said_at >= SAY_EVERY {
            let files = messages::count(files, "file", "files");
            tracing::info!("hashing: {bytes_done} of {bytes} bytes, {files_done} of {files}");
            self.said_at = now;
        }
    }
}
