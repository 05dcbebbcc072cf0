//! What can happen to a download.

use crate::{AttemptId, Digest, DigestSet, Ending, Intent, Refusal, Revision};

use super::{Cause, Choice, Engine, MissingCapability, PageTrouble, Plan, StorageQuota, Waiting};

/// Something that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// This window can keep models, and its browser offers this engine.
    Opened(Engine),
    /// Whether this window can keep models is unknown, for this reason.
    OpenFailed(Cause),
    /// This window cannot keep models.
    Unsupported(MissingCapability),
    /// The page was loaded again to begin this download.
    Reloaded,
    /// The store and the browser's registrations were read, as [`super::Effect::Survey`] with this `epoch`
    /// asked.
    Surveyed { epoch: u64, survey: Survey },
    /// The store could not be read.
    SurveyFailed,
    /// The user pressed a button.
    Clicked(Button),
    /// [`super::Effect::Prepare`] is done: manifest and intent are stored.
    Prepared(Survey),
    /// [`super::Effect::Prepare`] failed; nothing was fetched.
    PrepareFailed(Cause),
    /// The browser accepted a background fetch.
    Started(AttemptId),
    /// The browser did not accept a background fetch.
    StartRefused { attempt: AttemptId, refusal: StartRefusal },
    /// The browser reports this many bytes of a background fetch.
    Progress { attempt: AttemptId, downloaded: u64 },
    /// The browser says that a background fetch has ended, or does not know it any more.
    Ended { attempt: AttemptId, ending: Ending },
    /// The worker has stored the records of an attempt.
    WorkerFinished { attempt: AttemptId, ending: Ending },
    /// A piece is in the store; this page, another one or the worker has put it there.
    Admitted(Digest),
    /// A piece was dropped.
    Refused { digest: Digest, refusal: Refusal },
    /// A run of the page engine reports.
    Page { run: u64, event: PageEvent },
    /// Another page, or the worker, changed what is stored of this model.
    Changed,
    /// [`super::Effect::Discard`] or [`super::Effect::Delete`] is done.
    Removed,
    /// [`super::Effect::Discard`] or [`super::Effect::Delete`] failed.
    RemoveFailed,
    /// The tab that works on this model has this many bytes of pieces that are not kept yet.
    ElsewhereProgress { in_flight: u64 },
    /// About once a second while something is under way. `waiting` says why no byte can be expected now.
    Tick { waiting: Option<Waiting> },
    /// The user chose an engine.
    Chosen(Choice),
    /// The browser has reported the free space.
    StorageQuota(StorageQuota),
}

impl Event {
    /// Whether it has a meaning before the device is open.
    pub(super) fn concerns_opening(&self) -> bool {
        match self {
            Self::Opened(_)
            | Self::OpenFailed(_)
            | Self::Unsupported(_)
            | Self::Reloaded
            | Self::Clicked(_)
            | Self::Chosen(_) => true,
            Self::Surveyed { .. }
            | Self::SurveyFailed
            | Self::Prepared(_)
            | Self::PrepareFailed(_)
            | Self::Started(_)
            | Self::StartRefused { .. }
            | Self::Progress { .. }
            | Self::Ended { .. }
            | Self::WorkerFinished { .. }
            | Self::Admitted(_)
            | Self::Refused { .. }
            | Self::Page { .. }
            | Self::Changed
            | Self::Removed
            | Self::RemoveFailed
            | Self::ElsewhereProgress { .. }
            | Self::Tick { .. }
            | Self::StorageQuota(_) => false,
        }
    }
}

/// What a run of the page engine reports.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PageEvent {
    /// It has this many bytes of pieces that are not kept yet.
    Progress { in_flight: u64 },
    /// Whether it waits for another tab that fetches the same model.
    Waits(bool),
    /// What keeps it from getting bytes now; `None` when they come again.
    Trouble(Option<PageTrouble>),
    /// It has ended.
    Finished(PageOutcome),
}

/// A button of the interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Button {
    /// Fetch the model.
    Download,
    /// Continue with what is missing.
    Resume,
    /// Stop, and keep what has arrived.
    Cancel,
    /// Stop for a while.
    Pause,
    /// Continue in this page instead of waiting for the browser.
    TakeOver,
    /// Fetch the server's current revision.
    Renew,
    /// Remove what was kept of an incomplete model.
    Discard,
    /// Remove a complete model.
    Delete,
}

/// What a look at the device found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Survey {
    /// The wanted revision with what is kept of it; `None` if its manifest is not stored.
    pub plan: Option<Plan>,
    /// The intent of the user, for any revision.
    pub intent: Option<Intent>,
    /// The background fetches of this revision that the browser reports.
    pub activity: Activity,
    /// Whether another revision of the model is stored, whole or in part.
    pub older: bool,
    /// Another revision that is complete, if this one is not.
    pub readable: Option<Revision>,
    /// Whether another page fetches all of this model itself, though the browser has Background Fetch.
    pub page_elsewhere: bool,
}

/// Whether a background fetch is under way.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Activity {
    /// None is.
    #[default]
    Idle,
    /// This one is.
    Running(Active),
    /// The browser does not answer.
    Unknown,
}

/// A background fetch found in the browser.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Active {
    /// Its id.
    pub attempt: AttemptId,
    /// The pieces it was asked for.
    pub asked: DigestSet,
    /// What the browser says it has, in bytes.
    pub downloaded: u64,
}

/// Why the browser did not start a background fetch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StartRefusal {
    /// No permission.
    NotAllowed,
    /// Too many are under way.
    TooMany,
    /// Not enough free space for its copies.
    NoRoom,
    /// Another tab has started one for this revision.
    Running,
    /// Anything else.
    Failed,
}

/// How the page engine ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PageOutcome {
    /// Every piece it was given is kept.
    Done,
    /// It was told to stop.
    Stopped,
    /// It gave up.
    Failed(Cause),
}
