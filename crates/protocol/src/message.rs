//! The messages between pages and worker by `postMessage`; `text.rs` has their form.
//!
//! A page and a worker of different versions do meet (a tab stays open over an update). So every message
//! carries the version of this vocabulary, and a receiver that does not understand one falls back on reading
//! the store, which is the truth anyway.

use std::fmt;

use crate::{AttemptId, Digest, ModelId, Revision};

/// The broadcast channel on which pages tell each other, and the worker hears.
pub const CHANNEL: &str = "modelferry";

/// A message to all pages, from the worker or another page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BroadcastMessage {
    /// A piece is in the store now.
    Admitted { digest: Digest },
    /// The bytes of a piece were not what its digest says; they were dropped.
    Refused { attempt: AttemptId, digest: Digest, refusal: Refusal },
    /// The worker has taken what there was of an attempt. What is missing now stays missing until somebody
    /// starts again.
    Finished { attempt: AttemptId, ending: Ending },
    /// The page that works on this revision has this many bytes of pieces that are not kept yet.
    Progress { model: ModelId, revision: Revision, in_flight: u64 },
    /// Something of this model was stored or removed: read the store again.
    Changed { model: ModelId },
}

/// Why a piece was not admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The bytes do not have the digest they were asked for by.
    Mismatch,
    /// The record had no body, although the browser may have called it a success.
    Empty,
    /// The server answered with this status instead of 200.
    Status(u16),
    /// The browser lost or never had the bytes.
    Unavailable,
    /// The device has no room for it.
    NoRoom,
    /// The store could not be written.
    Storage,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch => write!(f, "the bytes do not match the digest"),
            Self::Empty => write!(f, "the browser delivered no bytes"),
            Self::Status(status) => write!(f, "the server answered {status}"),
            Self::Unavailable => write!(f, "the bytes are not available"),
            Self::NoRoom => write!(f, "there is no room left on the device"),
            Self::Storage => write!(f, "the store could not be written"),
        }
    }
}

/// How the browser says a background fetch ended. A hint only: what counts is what was admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// All requests ended with a good status. The bytes may be missing all the same.
    Success,
    /// Somebody stopped it.
    Aborted,
    /// A request ended with a bad status.
    BadStatus,
    /// The network, or the browser's own exit.
    FetchError,
    /// No room.
    QuotaExceeded,
    /// More bytes than announced.
    DownloadTotalExceeded,
    /// The browser gives no reason.
    Unknown,
}
