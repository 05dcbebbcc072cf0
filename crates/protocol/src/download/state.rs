//! The state of a download. Each state has its own data, so impossible combinations do not exist.

use crate::text::text_form;
use crate::{AttemptId, DigestSet, Ending};

use super::{Millis, Throughput};

/// What fetches the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Engine {
    /// The browser, by Background Fetch: continues with the tab closed.
    Background,
    /// The page itself: needs an open tab, works everywhere.
    Page,
}

/// What starts a download.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Start {
    /// A click.
    Clicked,
    /// An intent of an earlier visit. If the browser requires a click, the page shows a button.
    Silent,
}

/// Which engine the user wants.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Choice {
    /// Whichever fits best.
    #[default]
    Automatic,
    /// Background Fetch, even if free space seems short.
    Background,
    /// The page engine.
    Page,
}

// The form in which it is stored, and in which callers of the module name it.
text_form! { Choice, "":
    "automatic" => { Self::Automatic }
    "background" => { Self::Background }
    "page" => { Self::Page }
}

/// What this window lacks to keep a model at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MissingCapability {
    /// The page came by plain HTTP from another machine: browsers give such pages no storage for this.
    SecureContext,
    /// No service workers, as in some private windows.
    ServiceWorker,
    /// No Cache API.
    Storage,
}

/// The state of a download.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// The store has not been read yet.
    Unknown,
    /// Nothing can be kept in this window.
    Unsupported(MissingCapability),
    /// Not on the device, and not requested.
    Absent,
    /// Requested: the manifest and the intent are being stored.
    Preparing(Preparing),
    /// An engine is fetching bytes.
    Fetching(Fetching),
    /// Stopping: what has arrived is still being stored.
    Stopping(Fetching),
    /// Requested and incomplete, and no engine works on it.
    Interrupted(Cause),
    /// Complete and verified.
    Ready,
    /// Being removed from the device.
    Removing,
}

impl State {
    /// The data of a running download.
    #[must_use]
    pub fn fetching(&self) -> Option<&Fetching> {
        match self {
            Self::Fetching(fetching) | Self::Stopping(fetching) => Some(fetching),
            _ => None,
        }
    }
}

/// How far the preparation of a download is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Preparing {
    /// Under way.
    Working,
    /// The manifest could not be fetched, for a temporary reason. The next try is at this time, or running.
    Waiting { cause: Cause, at: Millis, tries: u32, trying: bool },
    /// Under way, but the user has changed their mind meanwhile.
    Cancelled,
}

/// A running download. Background and page are both `None` only while the store is read a last time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetching {
    /// The engine that fetches most of the bytes.
    pub engine: Engine,
    /// Why the page engine works although the browser has Background Fetch.
    pub fallback_reason: Option<FallbackReason>,
    /// What started it.
    pub start: Start,
    /// The browser's part.
    pub background: Option<Background>,
    /// The page's own part.
    pub page: Option<PageWork>,
    /// Pieces whose bytes were wrong.
    pub mismatches: DigestSet,
    /// The last reported problem. It becomes the cause if pieces are still missing at the end.
    pub trouble: Option<Cause>,
    /// Largest number of bytes shown so far; it never goes back within an attempt.
    pub shown: u64,
    /// How fast it is.
    pub throughput: Throughput,
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
    /// Whether it ran already when this page found it: it may have moved before, whatever the browser reports.
    pub joined: bool,
    /// How far it is.
    pub stage: Stage,
    /// Why no bytes come now, if none do.
    pub quiet: Option<Quiet>,
}

impl Background {
    /// Whether it has not moved in so long a time, nor ever before, though it is able to.
    pub(super) fn is_late(&self, now: Millis, first_byte: Millis) -> bool {
        let late = matches!(self.stage, Stage::Running { since } if now.saturating_sub(since) >= first_byte);
        late && self.downloaded == 0 && !self.joined && !matches!(self.quiet, Some(Quiet::Waiting(_)))
    }
}

/// Why a background fetch that runs brings no bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Quiet {
    /// None can be expected.
    Waiting(Waiting),
    /// The reason is unknown: the browser may have paused it, or waits before a retry.
    Paused,
}

/// Why no byte of a background fetch can be expected now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Waiting {
    /// The device is offline.
    Offline,
    /// The browser works on another download of this site first.
    Queued,
}

/// How far a background fetch is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// The browser has been asked and has not answered.
    Asked { since: Millis },
    /// It runs. `since`: when it began to be watched, last moved, or last had a reason to wait.
    Running { since: Millis },
    /// The browser has ended it, and the worker stores its records. `since`: when something last happened.
    Settling { ending: Ending, since: Millis },
}

/// Fetches by the page itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PageWork {
    /// Tells runs of the page engine apart.
    pub run: u64,
    /// Bytes that have arrived of pieces that are not kept yet.
    pub in_flight: u64,
    /// It waits for another tab, which fetches this model.
    pub waits: bool,
    /// What keeps it from getting bytes now.
    pub trouble: Option<PageTrouble>,
}

/// What keeps the page engine from getting bytes. It continues by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PageTrouble {
    /// The browser says that the device is offline: it continues when that ends.
    Offline,
    /// It failed for this passing reason, and tries again at this time.
    Retry { cause: Cause, at: Millis },
}

/// Why the page engine works although the browser has Background Fetch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FallbackReason {
    /// The browser or the user does not allow it.
    NotAllowed,
    /// The site has too many background fetches under way.
    TooMany,
    /// Free space is too short: it needs about three times the size, the page engine once.
    NoRoom,
    /// It delivered no byte for [`super::Settings::first_byte`].
    NoFirstByte,
    /// It failed to start for another reason.
    Failed,
    /// It ended before everything was there.
    GaveUp,
    /// It brought pieces with wrong bytes.
    Damaged,
    /// The user chose not to wait for it any longer.
    Impatience,
    /// The user chose the page engine in the settings of this site.
    Chosen,
    /// Another page continued it with its own engine, and this page continues after that.
    Elsewhere,
}

/// Why a download has stopped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cause {
    /// The user stopped it.
    Cancelled,
    /// The user stopped it for a while.
    Paused,
    /// It can continue, but the browser requires a click first.
    NeedsClick,
    /// The network, or the connection to the server.
    Network,
    /// The server answered with this status.
    Status(u16),
    /// The browser ended it, for instance because it was closed.
    Browser,
    /// This many pieces arrived with wrong bytes and were dropped.
    Corrupt(usize),
    /// No free space on the device.
    NoRoom,
    /// The server now has another revision, or no longer has the model.
    Gone,
    /// Pieces that had been kept are missing, removed by the browser or by the user.
    Evicted,
    /// The store could not be read or written.
    Storage,
}

impl Cause {
    /// Whether the reason stays visible while the download is interrupted.
    #[must_use]
    pub fn is_lasting(self) -> bool {
        match self {
            Self::Paused | Self::NoRoom | Self::Gone | Self::Corrupt(_) | Self::Storage | Self::Status(_) => {
                true
            }
            Self::Cancelled | Self::NeedsClick | Self::Network | Self::Browser | Self::Evicted => false,
        }
    }

    /// Whether a retry may succeed without any change.
    #[must_use]
    pub fn is_passing(self) -> bool {
        match self {
            Self::Network | Self::Browser | Self::Status(408 | 425 | 429 | 500..) => true,
            Self::Cancelled
            | Self::Paused
            | Self::NeedsClick
            | Self::Status(_)
            | Self::Corrupt(_)
            | Self::NoRoom
            | Self::Gone
            | Self::Evicted
            | Self::Storage => false,
        }
    }
}
