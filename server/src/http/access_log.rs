//! The access log: one line of JSON per request. A separate thread writes it, so that no answer waits for a
//! disk.

use std::convert::Infallible;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use axum::http::header;
use axum::http::request::Parts;
use serde::Serialize;

/// Lines that may wait for the disk. Others are left out, and counted.
const MOST_WAITING: usize = 16 << 10;

/// Bytes that are written at once. Lines of several programs in one file do not mix, since each write is of whole lines.
const AT_ONCE: usize = 64 << 10;

/// How long the end of the log may take.
const LAST_LINES: Duration = Duration::from_secs(5);

/// Where lines go. Cheap to clone; when the last one is dropped, what waits is written.
#[derive(Clone, Debug)]
pub struct AccessLog {
    writer: Arc<Writer>,
}

#[derive(Debug)]
struct Writer {
    /// `None` at the end.
    lines: Option<Sender<Line>>,
    waiting: Arc<Waiting>,
    /// Nothing comes; closed when the thread is about to end.
    over: Mutex<Receiver<Infallible>>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: AtomicUsize,
    /// Lines that were left out since that was last said.
    left_out: AtomicU64,
}

impl AccessLog {
    /// Opens the log for appending.
    ///
    /// # Errors
    /// Those of the file system, and of starting a thread.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Self::to(file)
    }

    fn to(file: File) -> io::Result<Self> {
        let (lines, inbox) = mpsc::channel();
        let (lives, over) = mpsc::channel();
        let waiting = Arc::new(Waiting::default());
        let seen = Arc::clone(&waiting);
        thread::Builder::new().name("access-log".to_owned()).spawn(move || {
            let _lives = lives;
            write_all(&file, &inbox, &seen);
        })?;
        Ok(Self { writer: Arc::new(Writer { lines: Some(lines), waiting, over: Mutex::new(over) }) })
    }

    /// Has a line written. Does not block.
    pub(crate) fn write(&self, line: Line) {
        let Writer { lines, waiting, .. } = &*self.writer;
        if waiting.lines.fetch_add(1, Ordering::Relaxed) >= MOST_WAITING {
            waiting.lines.fetch_sub(1, Ordering::Relaxed);
            waiting.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if let Some(lines) = lines {
            // Fails only if the thread has panicked, which would have been said.
            lines.send(line).ok();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.lines = None;
        let over = self.over.get_mut().unwrap_or_else(PoisonError::into_inner);
        if over.recv_timeout(LAST_LINES) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the access log still waits for its disk; its last lines are left out");
        }
    }
}

/// Writes lines until all senders are gone.
fn write_all(mut file: &File, inbox: &Receiver<Line>, waiting: &Waiting) {
    let mut text = Vec::with_capacity(AT_ONCE);
    while let Ok(first) = inbox.recv() {
        let mut next = Some(first);
        while let Some(line) = next {
            waiting.lines.fetch_sub(1, Ordering::Relaxed);
            // Texts and numbers: it cannot fail.
            serde_json::to_writer(&mut text, &line).ok();
            text.push(b'\n');
            next = if text.len() < AT_ONCE { inbox.try_recv().ok() } else { None };
        }
        if let Err(error) = file.write_all(&text) {
            tracing::warn!("the access log cannot be written: {error}");
        }
        text.clear();
        let left_out = waiting.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            tracing::warn!("the access log is too slow: {left_out} lines are left out");
        }
    }
}

/// One request.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub method: String,
    /// As it came, percent-encoded, without the query.
    pub path: String,
    pub status: u16,
    /// Bytes of the body that were handed to the connection.
    pub bytes: u64,
    /// The request's `Range`.
    pub range: Option<String>,
    /// From the request's arrival to the end of the body.
    pub ms: u64,
}

impl Line {
    /// What is known when the request comes.
    pub(crate) fn of(request: &Parts) -> Self {
        let range = request.headers.get(header::RANGE);
        Self {
            method: request.method.to_string(),
            path: request.uri.path().to_owned(),
            status: 0,
            bytes: 0,
            range: range.map(|field| String::from_utf8_lossy(field.as_bytes()).into_owned()),
            ms: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::process::Command;

    use axum::http::Request;
    use rustix::fs::OFlags;

    use super::*;

    fn line() -> Line {
        Line::of(&Request::get("/o/n/resolve/main/a").body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_disk_that_does_not_answer_holds_up_no_request_and_what_fits_is_written_later() {
        use std::os::unix::fs::OpenOptionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("access.log");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        // A pipe without a reader takes 64 KiB, and then blocks.
        let flags = OFlags::NONBLOCK.bits() as i32;
        let mut disk = OpenOptions::new().read(true).custom_flags(flags).open(&path).unwrap();
        let log = AccessLog::open(&path).unwrap();
        for _ in 0..2 * MOST_WAITING {
            log.write(line());
        }
        assert!(log.writer.waiting.left_out.load(Ordering::Relaxed) > 0);
        let ending = thread::spawn(move || drop(log));
        let mut written = Vec::new();
        while !ending.is_finished() {
            // Nothing for now is an error, too.
            disk.read_to_end(&mut written).ok();
        }
        disk.read_to_end(&mut written).ok();
        let lines = written.iter().filter(|byte| **byte == b'\n').count();
        assert!((MOST_WAITING..2 * MOST_WAITING).contains(&lines), "{lines}");
        assert!(written.ends_with(b"}\n"));
    }
}
