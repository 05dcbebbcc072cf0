//! Hashes files on all cores: the whole of each file, and each of its pieces. Memory is bounded by one
//! buffer per thread, whatever the size of the files.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use protocol::Digest;
use sha2::{Digest as _, Sha256};

use super::fingerprint::Fingerprint;
use crate::kernel;

/// Bytes read at a time by each thread.
const BUFFER: usize = 1 << 20;

/// A file to hash.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The file's name in the index.
    pub key: String,
    /// Where the bytes are.
    pub location: PathBuf,
    /// What the file must look like before and after, or the result is worthless.
    pub fingerprint: Fingerprint,
    /// Bytes in a full piece.
    pub piece_size: u64,
    /// When the job was given, in nanoseconds since 1970.
    pub given_ns: i64,
}

/// The digests of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Digests {
    /// Of the whole.
    pub sha256: Digest,
    /// Of each piece, in order.
    pub pieces: Vec<Digest>,
}

/// Why a file has no digests.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It does not look as it should, or stopped doing so: look at it again.
    Changed,
    /// It cannot be read.
    Unreadable(io::Error),
    /// The pool is being dropped.
    Stopped,
}

/// What became of a job.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The job.
    pub job: Job,
    /// Its result.
    pub result: Result<Digests, Failure>,
}

/// A job on its way: its parts are hashed by different threads.
struct Work {
    job: Job,
    parts_left: AtomicUsize,
    results: Mutex<Results>,
}

struct Results {
    whole: Option<Digest>,
    pieces: Vec<Option<Digest>>,
    failure: Option<Failure>,
}

/// A part of a job: what one thread does in one go.
#[derive(Clone, Copy)]
enum Part {
    /// The whole file; if it is no longer than a piece, that is its only piece too.
    Whole,
    /// The piece of this number.
    Piece(usize),
}

struct Queue {
    parts: Mutex<VecDeque<(Arc<Work>, Part)>>,
    filled: Condvar,
    stopped: AtomicBool,
    bytes_done: AtomicU64,
}

/// The threads that hash. Dropping it stops them within a few milliseconds.
pub(crate) struct Pool {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Starts one thread a core. `report` is called by these threads, once a job.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(crate) fn start(report: impl Fn(Outcome) + Clone + Send + 'static) -> io::Result<Self> {
        let queue = Arc::new(Queue {
            parts: Mutex::default(),
            filled: Condvar::new(),
            stopped: AtomicBool::new(false),
            bytes_done: AtomicU64::new(0),
        });
        let mut pool = Self { queue, threads: Vec::new() };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for number in 0..cores {
            let (queue, report) = (Arc::clone(&pool.queue), report.clone());
            let thread =
                thread::Builder::new().name(format!("hash-{number}")).spawn(move || queue.run(&report))?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Takes a job. The digest of the whole file cannot be split over threads, so it comes first. The
    /// digests of pieces are computed beside it. Both read the file, the second time from the page cache.
    pub(crate) fn submit(&self, job: Job) {
        let count = job.fingerprint.size.div_ceil(job.piece_size);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let separate = if count > 1 { count } else { 0 };
        let work = Arc::new(Work {
            job,
            parts_left: AtomicUsize::new(1 + separate),
            results: Mutex::new(Results { whole: None, pieces: vec![None; count], failure: None }),
        });
        let mut parts = self.queue.lock();
        parts.push_back((Arc::clone(&work), Part::Whole));
        parts.extend((0..separate).map(|i| (Arc::clone(&work), Part::Piece(i))));
        drop(parts);
        self.queue.filled.notify_all();
    }

    /// Bytes of files hashed since the start; pieces are not counted a second time.
    pub(crate) fn bytes_done(&self) -> u64 {
        self.queue.bytes_done.load(Ordering::Relaxed)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.stopped.store(true, Ordering::Relaxed);
        // Taking the lock once makes sure that no thread is between looking at the flag and waiting.
        drop(self.queue.lock());
        self.queue.filled.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a hashing thread panicked");
            }
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, VecDeque<(Arc<Work>, Part)>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<(Arc<Work>, Part)> {
        let mut parts = self.lock();
        loop {
            if self.stopped.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(part) = parts.pop_front() {
                return Some(part);
            }
            parts = self.filled.wait(parts).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn run(&self, report: &dyn Fn(Outcome)) {
        let mut buffer = vec![0; BUFFER];
        while let Some((work, part)) = self.next() {
            let failed = work.results().failure.is_some();
            let result = if failed { None } else { Some(self.hash(&work.job, part, &mut buffer)) };
            match (result, part) {
                (None, _) => {}
                (Some(Err(failure)), _) => work.results().failure = Some(failure),
                (Some(Ok(digest)), Part::Whole) => work.results().whole = Some(digest),
                (Some(Ok(digest)), Part::Piece(i)) => work.results().pieces[i] = Some(digest),
            }
            if work.parts_left.fetch_sub(1, Ordering::AcqRel) == 1 {
                report(work.finish());
            }
        }
    }

    fn hash(&self, job: &Job, part: Part, buffer: &mut [u8]) -> Result<Digest, Failure> {
        let size = job.fingerprint.size;
        let (start, end) = match part {
            Part::Whole => (0, size),
            Part::Piece(i) => {
                let start = i as u64 * job.piece_size;
                (start, size.min(start + job.piece_size))
            }
        };
        let file = kernel::open(&job.location).map_err(Failure::Unreadable)?;
        still(&file, &job.fingerprint)?;
        let mut hasher = Sha256::new();
        let mut at = start;
        while at < end {
            if self.stopped.load(Ordering::Relaxed) {
                return Err(Failure::Stopped);
            }
            let want = usize::try_from(end - at).map_or(buffer.len(), |left| left.min(buffer.len()));
            let got = match file.read_at(&mut buffer[..want], at) {
                Ok(0) => return Err(Failure::Changed),
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::Unreadable(error)),
            };
            hasher.update(&buffer[..got]);
            at += got as u64;
            if matches!(part, Part::Whole) {
                self.bytes_done.fetch_add(got as u64, Ordering::Relaxed);
            }
        }
        still(&file, &job.fingerprint)?;
        Ok(Digest::from_bytes(hasher.finalize().into()))
    }
}

/// Checks an open file. Each part of a job compares it with the same fingerprint before its first byte and
/// after its last. Together they have therefore seen one state of the file.
fn still(file: &File, fingerprint: &Fingerprint) -> Result<(), Failure> {
    let metadata = file.metadata().map_err(Failure::Unreadable)?;
    if Fingerprint::of(&metadata) == *fingerprint { Ok(()) } else { Err(Failure::Changed) }
}

impl Work {
    fn results(&self) -> MutexGuard<'_, Results> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self) -> Outcome {
        let mut results = self.results();
        let result = match (results.failure.take(), results.whole) {
            (Some(failure), _) => Err(failure),
            (None, None) => Err(Failure::Stopped),
            (None, Some(sha256)) => {
                let pieces = match results.pieces.as_slice() {
                    [_] => Some(vec![sha256]),
                    pieces => pieces.iter().copied().collect(),
                };
                pieces.map(|pieces| Digests { sha256, pieces }).ok_or(Failure::Stopped)
            }
        };
        Outcome { job: self.job.clone(), result }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::mpsc;

    use super::*;

    fn sha256(bytes: &[u8]) -> Digest {
        Digest::from_bytes(Sha256::digest(bytes).into())
    }

    fn job(location: &Path, piece_size: u64) -> Job {
        Job {
            key: "k".into(),
            location: location.into(),
            fingerprint: Fingerprint::of(&fs::metadata(location).unwrap()),
            piece_size,
            given_ns: 0,
        }
    }

    fn run(job: Job) -> Result<Digests, Failure> {
        let (sender, receiver) = mpsc::channel();
        let pool = Pool::start(move |outcome| sender.send(outcome).unwrap()).unwrap();
        pool.submit(job);
        receiver.recv().unwrap().result
    }

    #[test]
    fn whole_and_pieces_match_the_bytes_around_every_boundary() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        for size in [0, 1, 9, 10, 11, 20, 25, 3 * BUFFER + 1] {
            for piece_size in [10, BUFFER + 3] {
                if size / piece_size > 100 {
                    continue;
                }
                let bytes: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
                fs::write(&path, &bytes).unwrap();
                let digests = run(job(&path, piece_size as u64)).unwrap();
                assert_eq!(digests.sha256, sha256(&bytes));
                let pieces: Vec<Digest> = bytes.chunks(piece_size).map(sha256).collect();
                assert_eq!(digests.pieces, pieces, "{size} in pieces of {piece_size}");
            }
        }
    }

    #[test]
    fn a_file_that_is_not_as_expected_gives_no_digest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, [1; 100]).unwrap();
        let before = job(&path, 10);
        fs::write(&path, [1; 99]).unwrap();
        assert!(matches!(run(before), Err(Failure::Changed)));
        let before = job(&path, 10);
        fs::remove_file(&path).unwrap();
        assert!(matches!(run(before), Err(Failure::Unreadable(_))));
    }
}
