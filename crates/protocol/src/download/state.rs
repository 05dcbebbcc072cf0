//! Where a download stands. Each state carries its own data, so that impossible combinations do not exist.

use crate::{AttemptId, DigestSet, Ending};

use super::Millis;

/// What fetches the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Engine {
    /// The browser, by Background Fetch: goes on with the tab closed.
    Background,
    /// The page itself: needs an open tab, works everywhere.
    Page,
}

/// What this window lacks to keep a model at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lack {
    /// The page came by plain HTTP from another machine: browsers give such pages no storage for this.
    SecureContext,
    /// No service workers, as in some private windows.
    ServiceWorker,
    /// No Cache API.
    Storage,
}

/// Where a download stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// The store has not been read yet.
    Unknown,
    /// Nothing can be kept in this window.
    Unsupported(Lack),
    /// Not on the device and not wanted.
    Absent,
    /// Asked for: the manifest and the wish are being stored. `cancelled` if the person has changed their
    /// mind meanwhile.
    Preparing { cancelled: bool },
    /// Bytes are on their way.
    Fetching(Fetching),
    /// Told to stop; what has arrived is still being stored.
    Stopping(Fetching),
    /// Wanted, incomplete, and nobody works on it.
    Interrupted(Cause),
    /// Complete and verified.
    Ready,
    /// Being removed from the device.
    Removing,
}

impl State {
    /// The bytes on their way, if any are.
    #[must_use]
    pub fn fetching(&self) -> Option<&Fetching> {
        match self {
            Self::Fetching(fetching) | Self::Stopping(fetching) => Some(fetching),
            _ => None,
        }
    }
}

/// Bytes on their way. Background and page are both `None` only while the store is read a last time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetching {
    /// The engine that carries the bulk.
    pub engine: Engine,
    /// Why the page engine works although the browser has Background Fetch.
    pub hand_over: Option<HandOver>,
    /// Started without a click: a refusal then leads to a button, not to the other engine.
    pub silent: bool,
    /// The browser's part.
    pub background: Option<Background>,
    /// The page's own part.
    pub page: Option<PageWork>,
    /// Pieces whose bytes were wrong.
    pub mismatches: DigestSet,
    /// The last trouble anyone reported; becomes the cause if something stays missing.
    pub trouble: Option<Cause>,
    /// Largest number of bytes shown so far; it never goes back within an attempt.
    pub shown: u64,
}

impl Fetching {
    /// Whether no more bytes are expected: what has arrived is being checked and stored.
    #[must_use]
    pub fn is_settling(&self) -> bool {
        let settling = |background: &Background| matches!(background.stage, Stage::Settling { .. });
        self.page.is_none() && self.background.as_ref().is_none_or(settling)
    }
}

/// A background fetch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Background {
    /// Its registration's id.
    pub attempt: AttemptId,
    /// The pieces it was asked for.
    pub asked: DigestSet,
    /// Largest byte count the browser has reported. A hint: it is wrong after a restart of the browser.
    pub downloaded: u64,
    /// How far it is.
    pub stage: Stage,
}

/// How far a background fetch is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// The browser has been asked and has not answered.
    Asked { since: Millis },
    /// It runs. `since`: when it began to be watched, or the last time when waiting was justified.
    Running { since: Millis },
    /// The browser is done; the worker takes what there is. `since`: when something last happened.
    Settling { ending: Ending, since: Millis },
}

/// Fetches by the page itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PageWork {
    /// Bytes that have arrived of pieces that are not kept yet.
    pub in_flight: u64,
    /// Another tab fetches this model; its turn comes first.
    pub waits: bool,
    /// What keeps it from getting bytes now.
    pub trouble: Option<PageTrouble>,
}

/// What keeps the page engine from getting bytes. It goes on by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PageTrouble {
    /// The browser says that the device is offline: it goes on when that ends.
    Offline,
    /// It failed for this passing reason, and tries again at this time.
    Retry { cause: Cause, at: Millis },
}

/// Why the page engine took over from Background Fetch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HandOver {
    /// The browser or the person does not allow it.
    NotAllowed,
    /// The site has too many background fetches under way.
    TooMany,
    /// It needs more room than there is: about three times the size, the page engine once.
    NoRoom,
    /// It delivered no byte for [`super::Settings::first_byte`].
    NoFirstByte,
    /// It failed to start for another reason.
    Failed,
}

/// Why a download stands still.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cause {
    /// The person stopped it.
    Cancelled,
    /// It may go on, but the browser wants a click first.
    NeedsClick,
    /// The network, or the server's end of it.
    Network,
    /// The server answered with this status.
    Status(u16),
    /// The browser ended it, for instance because it was closed.
    Browser,
    /// This many pieces arrived with wrong bytes and were dropped.
    Corrupt(usize),
    /// No room on the device.
    NoRoom,
    /// The server has another revision by now, or no such model any more.
    Gone,
    /// Pieces that had been kept are missing, removed by the browser or by the person.
    Evicted,
    /// The store could not be read or written.
    Storage,
}
