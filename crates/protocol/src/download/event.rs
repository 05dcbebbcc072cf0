//! What can happen to a download.

use crate::{AttemptId, Digest, DigestSet, Ending, Refusal, Revision, Wish};

use super::{Cause, Choice, PageTrouble, Plan, Room, Waiting};

/// Something that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// The store and the browser's registrations were read, as [`super::Effect::Survey`] with this `epoch`
    /// asked.
    Surveyed { epoch: u64, survey: Survey },
    /// The store could not be read.
    SurveyFailed,
    /// The person pressed a button.
    Clicked(Button),
    /// [`super::Effect::Prepare`] is done: manifest and wish are stored.
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
    /// The worker has stored what there was of an attempt.
    WorkerFinished { attempt: AttemptId, ending: Ending },
    /// A piece is in the store, whoever put it there.
    Admitted(Digest),
    /// A piece was dropped.
    Refused { digest: Digest, refusal: Refusal },
    /// The page engine has this many bytes of pieces that are not kept yet.
    PageProgress { in_flight: u64 },
    /// Whether the page engine waits for another tab that fetches the same model.
    PageWaits(bool),
    /// What keeps the page engine from getting bytes right now; `None` when they come again.
    PageTrouble(Option<PageTrouble>),
    /// The page engine has stopped.
    PageFinished(PageOutcome),
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
    /// The person chose an engine.
    Chosen(Choice),
    /// The room on this device was looked at.
    Room(Room),
}

/// A button of the interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Button {
    /// Fetch the model.
    Download,
    /// Go on with what is missing.
    Resume,
    /// Stop, and keep what there is.
    Cancel,
    /// Stop for a while.
    Pause,
    /// Go on in this page instead of waiting for the browser.
    TakeOver,
    /// See what the server has now, and fetch that.
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
    /// What the person wants, of whatever revision.
    pub wish: Option<Wish>,
    /// The background fetch of this revision that the browser is working on.
    pub active: Option<Active>,
    /// Whether another revision of the model is stored, whole or in part.
    pub older: bool,
    /// Another revision that is complete, if this one is not.
    pub readable: Option<Revision>,
    /// Whether another page fetches all of this model itself, though the browser has Background Fetch.
    pub page_elsewhere: bool,
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
    /// Not enough room for its way of working.
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
