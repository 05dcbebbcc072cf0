//! What a page has to do for a download.

use crate::{AttemptId, Piece, Wish};

/// Something to carry out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Read the store and the browser's registrations; answer [`super::Event::Surveyed`] with this `epoch`.
    Survey { epoch: u64 },
    /// Read the manifest, store it, store an active wish, survey; answer [`super::Event::Prepared`] or
    /// [`super::Event::PrepareFailed`].
    Prepare,
    /// Ask the browser for these pieces in one background fetch.
    StartBackground { attempt: AttemptId, pieces: Vec<Piece> },
    /// Ask the server which revision it has now. If another, want that and show its page; if the same, as
    /// [`Effect::Prepare`]. Answer as for that.
    Renew,
    /// Fetch these pieces in the page. An earlier one of this download that still runs is stopped and reports
    /// nothing any more.
    StartPage { pieces: Vec<Piece> },
    /// End what fetches this revision and remove it, with the pieces that no other manifest names.
    Discard,
    /// The same for all revisions of the model.
    Delete,
    /// Stop the page engine; it answers [`super::Event::PageFinished`].
    StopPage,
    /// Abort a background fetch; the worker then reports what it kept.
    Abort { attempt: AttemptId },
    /// Store the wish.
    WriteWish(Wish),
    /// The model is complete: tell the other pages, and let go of older revisions.
    Completed,
}
