//! How a body asks its connection to send parts of files with sendfile(2). Their bytes never pass through this program.
//!
//! hyper accepts only bytes as a body. The body therefore yields as many **placeholder** bytes, which hyper passes on without
//! reading them, and puts the part that they stand for into the connection's [`SendfileQueue`]. The connection recognises
//! placeholders by their address and sends the part instead (`connections/sendfile_stream.rs`, which also refuses placeholders
//! and parts that do not match).

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;

use super::open_file::OpenFile;

/// The longest part that can be queued at once, in bytes.
pub(crate) const LONGEST: usize = 1 << 20;

/// Zeros that take no memory, because nothing reads or writes them.
static PLACEHOLDER: LazyLock<&'static [u8]> = LazyLock::new(|| Vec::leak(vec![0; LONGEST]));

/// The parts of files that placeholders on their way to a connection stand for, in order. Cheap to clone.
///
/// If a connection can send files, each of its requests carries the queue as an extension.
#[derive(Clone, Debug, Default)]
pub(crate) struct SendfileQueue(Arc<Mutex<VecDeque<FilePart>>>);

/// A part of a file.
#[derive(Debug)]
pub(crate) struct FilePart {
    /// The file.
    pub file: Arc<OpenFile>,
    /// Where the part begins in the file, in bytes.
    pub start: u64,
    /// Its length in bytes.
    pub length: usize,
}

impl SendfileQueue {
    /// Queues a part. The placeholder that this returns must be the next one to reach the connection. `length` is cut to
    /// [`LONGEST`].
    pub(crate) fn push(&self, file: &Arc<OpenFile>, start: u64, length: u64) -> Bytes {
        let length = usize::try_from(length).unwrap_or(LONGEST).min(LONGEST);
        self.lock().push_back(FilePart { file: Arc::clone(file), start, length });
        Bytes::from_static(&PLACEHOLDER[..length])
    }

    /// The next part.
    pub(crate) fn pop(&self) -> Option<FilePart> {
        self.lock().pop_front()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<FilePart>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether these bytes are a placeholder.
pub(crate) fn is_placeholder(bytes: &[u8]) -> bool {
    PLACEHOLDER.as_ptr_range().contains(&bytes.as_ptr())
}
