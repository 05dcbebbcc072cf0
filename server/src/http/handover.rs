//! How a body has its connection send parts of files, whose bytes then never pass through this program.
//!
//! hyper knows bodies of bytes only. So the body gives it as many **stand-in** bytes, which hyper hands on to the
//! connection without looking at them, and puts into the connection's [`Handover`] what they stand for. The connection
//! knows stand-ins by their address and sends the files' bytes instead (`connections/sending.rs`, which also refuses
//! whatever does not fit together).

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;

use super::open_file::OpenFile;

/// The longest part that can be handed over at once, in bytes.
pub(crate) const LONGEST: usize = 1 << 20;

/// Zeros that the system never has to give memory for, since nobody reads or writes them.
static STAND_IN: LazyLock<&'static [u8]> = LazyLock::new(|| Vec::leak(vec![0; LONGEST]));

/// Parts of files that stand-ins on the way to a connection stand for, in their order. Cheap to clone.
///
/// A request carries the handover of its connection as an extension, if that can send files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handover(Arc<Mutex<VecDeque<Part>>>);

/// A part of a file.
#[derive(Debug)]
pub(crate) struct Part {
    /// The file.
    pub file: Arc<OpenFile>,
    /// Where the part begins in the file, in bytes.
    pub start: u64,
    /// Its length in bytes.
    pub length: usize,
}

impl Handover {
    /// Hands a part over: what this returns must reach the connection next. `length` is cut to [`LONGEST`].
    pub(crate) fn give(&self, file: &Arc<OpenFile>, start: u64, length: u64) -> Bytes {
        let length = usize::try_from(length).unwrap_or(LONGEST).min(LONGEST);
        self.lock().push_back(Part { file: Arc::clone(file), start, length });
        Bytes::from_static(&STAND_IN[..length])
    }

    /// The part that comes next.
    pub(crate) fn take(&self) -> Option<Part> {
        self.lock().pop_front()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Part>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether these bytes stand for others.
pub(crate) fn is_stand_in(bytes: &[u8]) -> bool {
    STAND_IN.as_ptr_range().contains(&bytes.as_ptr())
}
