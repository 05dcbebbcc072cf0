//! An open file of the index. Its bytes are used only if the file is found unchanged after reading them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use crate::index::{Index, MediumKind, Stale, StoredFile};
use crate::kernel;

/// Bytes read at a time, and so the length of a buffer.
pub(crate) const CHUNK: u64 = 128 << 10;

/// Buffers that are kept for the next read.
const KEPT_BUFFERS: usize = 64;

static BUFFERS: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// The file.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    stored: Arc<StoredFile>,
    /// Whom to tell when it turns out to have changed.
    index: Index,
}

impl OpenFile {
    /// Opens the file; in the blocking pool, if it might take long.
    ///
    /// # Errors
    /// [`Stale`], and the index gets a message.
    pub(crate) async fn open(stored: &Arc<StoredFile>, index: &Index) -> Result<Arc<Self>, Stale> {
        let opened = match stored.open_now() {
            Some(opened) => opened,
            None => {
                let stored = Arc::clone(stored);
                spawn_blocking(move || stored.open()).await.unwrap_or(Err(Stale))
            }
        };
        match opened {
            Ok(file) => Ok(Self::new(file, stored, index)),
            Err(Stale) => {
                index.look_again(stored);
                Err(Stale)
            }
        }
    }

    fn new(file: File, stored: &Arc<StoredFile>, index: &Index) -> Arc<Self> {
        Arc::new(Self { file, stored: Arc::clone(stored), index: index.clone() })
    }

    /// The open file, to be read at positions.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Whether its pages are in the page cache of this machine, so that the kernel knows which are in memory and can send them.
    pub(crate) fn is_local(&self) -> bool {
        self.stored.medium.known() == Some(MediumKind::Local)
    }

    /// Whether what was read or sent of the file up to now is what was indexed.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn check(&self) -> io::Result<()> {
        match self.stored.check(&self.file) {
            Ok(()) => Ok(()),
            Err(Stale) => Err(io::Error::other("the file changed while it was being sent")),
        }
    }

    /// Says that an answer was cut short, and why.
    pub(crate) fn report(&self, error: &io::Error) {
        self.index.look_again(&self.stored);
        tracing::warn!("{:?} cut short: {error}", self.stored.location);
    }

    /// Reads a part, of [`CHUNK`] at most, if that needs no disk.
    pub(crate) fn read_now(&self, start: u64, length: u64) -> Option<io::Result<Bytes>> {
        if !self.is_local() {
            return None;
        }
        let mut buffer = Buffer::new(length);
        match kernel::read_now(&self.file, buffer.bytes(), start) {
            Ok(got) if got as u64 == length => Some(self.check().map(|()| Bytes::from_owner(buffer))),
            // Shorter or not at all: reading it in the blocking pool tells what it is.
            Ok(_) | Err(_) => None,
        }
    }

    /// Reads a part, of [`CHUNK`] at most. Blocks.
    pub(crate) fn read(&self, start: u64, length: u64) -> io::Result<Bytes> {
        let mut buffer = Buffer::new(length);
        self.file.read_exact_at(buffer.bytes(), start)?;
        self.check()?;
        Ok(Bytes::from_owner(buffer))
    }
}

/// A buffer that is reused: memory that was in use a moment ago is in the CPU's cache.
struct Buffer {
    memory: Vec<u8>,
    length: usize,
}

impl Buffer {
    fn new(length: u64) -> Self {
        let kept = BUFFERS.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let memory = kept.unwrap_or_else(|| vec![0; CHUNK as usize]);
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(memory.len());
        Self { memory, length }
    }

    fn bytes(&mut self) -> &mut [u8] {
        &mut self.memory[..self.length]
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.memory[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut kept = BUFFERS.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_BUFFERS {
            kept.push(std::mem::take(&mut self.memory));
        }
    }
}
