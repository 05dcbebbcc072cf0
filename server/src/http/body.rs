//! The bytes of a file as a response body. If the connection supports sendfile(2), long bodies are queued
//! for it; others are read. The blocking pool reads bytes that are not in memory, one step ahead.
//!
//! **Architecture Invariant:** a chunk leaves only after the file was found unchanged *after* reading it. A
//! file that changes under a response ends it with an error. The client then sees a short body, never a
//! mixed one. The connection checks queued parts itself, before it sends anything else.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::open_file::{CHUNK, OpenFile};
use super::sendfile_queue::{LONGEST, SendfileQueue};
use crate::kernel;

/// Below this many bytes, reading costs no more than sendfile(2).
const WORTH_IT: u64 = 64 << 10;

/// The last bytes of every body are read: there is something to hold back if the file changed while earlier parts were sent.
const END: u64 = 4 << 10;

/// A part of an indexed file.
#[derive(Debug)]
pub(crate) struct FileBody {
    source: Arc<OpenFile>,
    /// Where the next step begins.
    next: u64,
    /// Where the part ends.
    end: u64,
    /// Of the connection, if it can send files and the body is long enough.
    queue: Option<SendfileQueue>,
    /// The next step, when it has to wait for the disk.
    ahead: Option<JoinHandle<io::Result<Done>>>,
}

/// How the next bytes come into the answer.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many are queued for sendfile(2).
    Queue(u64),
    /// So many are read.
    Read(u64),
}

/// What a step came to.
#[derive(Debug)]
enum Done {
    /// So many bytes are in memory, to be queued.
    Resident(u64),
    /// These were read.
    Read(Bytes),
}

impl FileBody {
    /// The `length` bytes at `offset`. Nothing is read before the body is polled.
    pub(crate) fn new(
        source: &Arc<OpenFile>,
        offset: u64,
        length: u64,
        queue: Option<&SendfileQueue>,
    ) -> Self {
        let queue = queue.filter(|_| length > WORTH_IT && source.is_local());
        Self {
            source: Arc::clone(source),
            next: offset,
            end: offset + length,
            queue: queue.cloned(),
            ahead: None,
        }
    }

    fn left(&self) -> u64 {
        self.end - self.next
    }

    fn step(&self) -> Step {
        match self.left() {
            left if self.queue.is_some() && left > END => Step::Queue((left - END).min(LONGEST as u64)),
            left => Step::Read(left.min(CHUNK)),
        }
    }

    /// Does the next step; says also whether that had to wait for the disk.
    fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<(io::Result<Done>, bool)> {
        if self.ahead.is_none()
            && let Some(done) = at_once(&self.source, self.next, self.step())
        {
            return Poll::Ready((done, false));
        }
        let (step, source, start) = (self.step(), &self.source, self.next);
        let ahead = self.ahead.get_or_insert_with(|| in_the_pool(source, start, step));
        let done = ready!(Pin::new(ahead).poll(context));
        self.ahead = None;
        Poll::Ready((done.unwrap_or_else(|error| Err(io::Error::other(error))), true))
    }

    /// Whether the next step will find its bytes in memory.
    fn is_ready(&self) -> bool {
        let (Step::Queue(length) | Step::Read(length)) = self.step();
        self.source.is_local() && kernel::is_resident(self.source.file(), self.next, length)
    }

    /// Ends the body before its end.
    fn fail(&mut self, error: io::Error) -> io::Error {
        self.next = self.end;
        self.ahead = None;
        self.source.report(&error);
        error
    }
}

/// Does a step if nothing has to be waited for.
fn at_once(source: &OpenFile, start: u64, step: Step) -> Option<io::Result<Done>> {
    match step {
        Step::Queue(length) => {
            kernel::is_resident(source.file(), start, length).then_some(Ok(Done::Resident(length)))
        }
        Step::Read(length) => source.read_now(start, length).map(|read| read.map(Done::Read)),
    }
}

fn in_the_pool(source: &Arc<OpenFile>, start: u64, step: Step) -> JoinHandle<io::Result<Done>> {
    let source = Arc::clone(source);
    spawn_blocking(move || match step {
        Step::Queue(length) => {
            kernel::make_resident(source.file(), start, length).map(|()| Done::Resident(length))
        }
        Step::Read(length) => source.read(start, length).map(Done::Read),
    })
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left() == 0 {
            return Poll::Ready(None);
        }
        let (done, waited) = ready!(self.poll_step(context));
        let bytes = match (done, &self.queue) {
            (Ok(Done::Read(bytes)), _) => bytes,
            (Ok(Done::Resident(length)), Some(queue)) => queue.push(&self.source, self.next, length),
            // Nothing is made resident without a queue.
            (Ok(Done::Resident(_)), None) => Bytes::new(),
            (Err(error), _) => return Poll::Ready(Some(Err(self.fail(error)))),
        };
        self.next += bytes.len() as u64;
        if waited && self.left() > 0 && !self.is_ready() {
            // The disk continues while this is sent.
            self.ahead = Some(in_the_pool(&self.source, self.next, self.step()));
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::Duration;

    use http_body_util::BodyExt as _;

    use super::*;
    use crate::index::{Index, Medium, MediumKind, Options, StoredFile};

    const LENGTH: u64 = 3 * CHUNK + 7;

    /// A file of which nothing may be asked without waiting, as on a network file system.
    async fn remote(dir: &tempfile::TempDir) -> (Arc<OpenFile>, Vec<u8>) {
        let bytes: Vec<u8> = (0..LENGTH).map(|i| (i * 31 % 251) as u8).collect();
        let folder = dir.path().join("o/n");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("f"), &bytes).unwrap();
        let rescan = Duration::from_secs(3600);
        let index =
            Index::open(Options { root: dir.path().to_owned(), piece_size: 1 << 20, rescan }).unwrap();
        let model = loop {
            match index.model(&"o/n".parse().unwrap()) {
                Some(model) => break model,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        let stored = StoredFile { medium: Medium::of(MediumKind::Remote), ..(*model.files[0]).clone() };
        assert!(stored.open_now().is_none());
        let open = OpenFile::open(&Arc::new(stored), &index).await.unwrap();
        assert!(open.read_now(0, 1).is_none());
        (open, bytes)
    }

    /// What comes, and whether it came to its end.
    async fn read(mut body: FileBody) -> (Vec<u8>, bool) {
        let mut came = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => came.extend(frame.into_data().unwrap()),
                Err(_) => return (came, false),
            }
        }
        (came, true)
    }

    #[tokio::test]
    async fn a_file_on_a_network_comes_whole_and_in_parts() {
        let dir = tempfile::tempdir().unwrap();
        let (open, bytes) = remote(&dir).await;
        for (offset, length) in [(0, LENGTH), (0, 1), (5, 0), (CHUNK - 1, CHUNK + 2), (LENGTH - 1, 1)] {
            let body = FileBody::new(&open, offset, length, None);
            assert_eq!(body.size_hint().exact(), Some(length));
            let (came, ended) = read(body).await;
            let part = &bytes[offset as usize..(offset + length) as usize];
            assert!(ended && came == part, "{length} at {offset}: {}", came.len());
        }
    }

    #[tokio::test]
    async fn a_file_on_a_network_that_changes_ends_its_body_early() {
        type Change = fn(&File);
        let changes: [(&str, Change); 3] = [
            ("shrunk", |file| file.set_len(CHUNK + 1).unwrap()),
            ("grown", |file| file.set_len(LENGTH + 1).unwrap()),
            ("written to", |file| file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap()),
        ];
        for (name, change) in changes {
            let dir = tempfile::tempdir().unwrap();
            let (open, bytes) = remote(&dir).await;
            let mut body = FileBody::new(&open, 0, LENGTH, None);
            let mut came = body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec();
            change(&File::options().write(true).open(dir.path().join("o/n/f")).unwrap());
            let (rest, ended) = read(body).await;
            came.extend(rest);
            assert!(!ended && came.len() < bytes.len() && bytes.starts_with(&came), "{name}: {}", came.len());
        }
    }

    #[tokio::test]
    async fn a_file_on_a_network_that_is_replaced_comes_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (open, bytes) = remote(&dir).await;
        let mut body = FileBody::new(&open, 0, LENGTH, None);
        let mut came = body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec();
        fs::write(dir.path().join("new"), vec![0; LENGTH as usize]).unwrap();
        fs::rename(dir.path().join("new"), dir.path().join("o/n/f")).unwrap();
        let (rest, ended) = read(body).await;
        came.extend(rest);
        assert!(ended && came == bytes, "{}", came.len());
    }
}
