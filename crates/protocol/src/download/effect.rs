//! What the state machine asks the page to do.

use super::Start;
use crate::{AttemptId, Intent, Piece};

/// Something to carry out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Find out what this window can do; answer [`super::Event::Opened`], [`super::Event::OpenFailed`] or
    /// [`super::Event::Unsupported`].
    Open,
    /// Find out how much storage is free; answer [`super::Event::StorageQuota`].
    LookAtQuota,
    /// Ask the browser not to evict what is stored.
    AskToPersist,
    /// Read the store and the browser's registrations; answer [`super::Event::Surveyed`] with this `epoch`.
    Survey { epoch: u64 },
    /// Read the manifest, store it, store an active intent, survey; answer [`super::Event::Prepared`] or
    /// [`super::Event::PrepareFailed`].
    Prepare,
    /// Ask the browser for these pieces in one background fetch; answer [`super::Event::Started`] or
    /// [`super::Event::StartRefused`].
    StartBackground { attempt: AttemptId, pieces: Vec<Piece>, start: Start },
    /// Ask the server for its current revision. If it is another one, download that and show its page. If it is the
    /// same, do as [`Effect::Prepare`] does.
    Renew,
    /// Fetch these pieces in the page, and stop the run before this one if it still works. Answer [`super::Event::Page`].
    StartPage { run: u64, pieces: Vec<Piece> },
    /// End what fetches this revision and remove it, with the pieces that no other manifest names.
    Discard,
    /// The same for all revisions of the model.
    Delete,
    /// Stop this run of the page engine; it answers [`super::PageEvent::Finished`].
    StopPage { run: u64 },
    /// Abort a background fetch; the worker then reports what it kept.
    Abort { attempt: AttemptId },
    /// Store the intent.
    WriteIntent(Intent),
    /// The model is complete: tell the other pages, and delete older revisions.
    Completed,
}
