//! A call of a program that wants a model. It finds the revision, and ends with the last byte or with an
//! error.

use std::pin::pin;

use futures_util::future::{Either, select};
use protocol::download::{Button, Cause, Choice, Download, MissingCapability, Preparing, State};
use protocol::{ModelId, Revision};

use crate::ports::{OpenError, Page};
use crate::{DownloadHandle, Downloads, current};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Call {
    /// The model.
    pub model: ModelId,
    /// `None` for the server's current one.
    pub revision: Option<Revision>,
    /// `None` for whatever the user has chosen for the site.
    pub engine: Option<Choice>,
}

/// Why a call has not led to a model.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CallError {
    /// The caller has aborted it. The revision, if it was known.
    Aborted(Option<Revision>),
    /// The current revision could not be had.
    NoRevision(Cause),
    /// This window cannot keep models.
    Unsupported(MissingCapability),
    /// The download of this revision has stopped.
    Stopped(Revision, Cause),
}

/// How a caller aborts a call.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Abort {
    /// Whether it is aborted.
    fn is_aborted(&self) -> bool;

    /// Waits until it is aborted from now on.
    async fn happens(&self);
}

impl Call {
    /// Comes back when the model is ready, with its revision. `report` is called whenever something may have changed.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn carry_out<G: Page>(
        &self,
        downloads: &Downloads<G>,
        abort: &impl Abort,
        report: impl Fn(&Download),
    ) -> Result<Revision, CallError> {
        let revision = match self.revision {
            Some(revision) => revision,
            None => match self.current(downloads, abort).await {
                Some(revision) => revision?,
                None => return Err(CallError::Aborted(None)),
            },
        };
        let handle = downloads.of(self.model.clone(), revision);
        if let Some(choice) = self.engine {
            handle.choose(choice);
        }
        handle.begin();
        follow(&handle, revision, abort, report).await?;
        Ok(revision)
    }

    /// The revision that the server has now; `None` if the call is aborted meanwhile.
    async fn current<G: Page>(
        &self,
        downloads: &Downloads<G>,
        abort: &impl Abort,
    ) -> Option<Result<Revision, CallError>> {
        if abort.is_aborted() {
            return None;
        }
        let asking = pin!(async {
            let device = downloads.device().await.map_err(|error| match error {
                OpenError::Unsupported(missing) => CallError::Unsupported(missing),
                OpenError::Failed(cause) => CallError::NoRevision(cause),
            })?;
            current(&device, &self.model).await.map_err(CallError::NoRevision)
        });
        match select(asking, pin!(abort.happens())).await {
            Either::Left((current, _)) => Some(current),
            Either::Right(((), _)) => None,
        }
    }
}

/// Stays until the download is ready.
async fn follow<G: Page>(
    handle: &DownloadHandle<G>,
    revision: Revision,
    abort: &impl Abort,
    report: impl Fn(&Download),
) -> Result<(), CallError> {
    let caller = handle.wanted();
    let changed = handle.changes();
    let mut so_far = SoFar::default();
    loop {
        let next = handle.with(|download| next(download, so_far));
        so_far.seen |= handle.with(Download::is_busy);
        if abort.is_aborted() {
            // What has come is kept before the caller hears of it. Another call may want the rest.
            if !caller.is_alone() || next != Next::Wait {
                return Err(CallError::Aborted(Some(revision)));
            }
            handle.cancel();
            changed.wait().await;
            continue;
        }
        handle.with(&report);
        match next {
            Next::Wait => {}
            Next::Press(button) => {
                so_far.pressed = true;
                handle.press(button);
                continue;
            }
            Next::Done => return Ok(()),
            Next::Unsupported(missing) => return Err(CallError::Unsupported(missing)),
            Next::Fail(cause) => {
                if caller.is_alone() {
                    handle.cancel();
                }
                return Err(CallError::Stopped(revision, cause));
            }
        }
        // Which of the two it was is looked at above.
        drop(select(changed.wait(), pin!(abort.happens())).await);
    }
}

/// What a call remembers of earlier states.
#[derive(Clone, Copy, Default)]
struct SoFar {
    /// It has begun the download itself.
    pressed: bool,
    /// It has seen the download under way.
    seen: bool,
}

/// What to do about the state of a download.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    Wait,
    Press(Button),
    Done,
    Unsupported(MissingCapability),
    Fail(Cause),
}

fn next(download: &Download, so_far: SoFar) -> Next {
    match download.state() {
        State::Unknown
        | State::Preparing(Preparing::Working | Preparing::Cancelled)
        | State::Fetching(_)
        | State::Stopping(_)
        | State::Removing => Next::Wait,
        // A page would retry for as long as it is open. A call has a caller, who gets the error.
        State::Preparing(Preparing::Waiting { cause, .. }) => Next::Fail(*cause),
        State::Unsupported(missing) => Next::Unsupported(*missing),
        State::Absent => begin(download, so_far, Cause::Evicted),
        State::Interrupted(cause) => begin(download, so_far, *cause),
        State::Ready => Next::Done,
    }
}

/// Begins, if that can be done and was not done yet. What somebody else has begun and somebody stopped, stays stopped; but
/// what was begun without a click may want one, and the call stands for it.
fn begin(download: &Download, so_far: SoFar, cause: Cause) -> Next {
    let may_begin = !so_far.pressed && (!so_far.seen || cause == Cause::NeedsClick);
    let begins = |button: &&Button| matches!(button, Button::Download | Button::Resume);
    match download.buttons().iter().find(begins) {
        Some(button) if may_begin => Next::Press(*button),
        Some(_) | None => Next::Fail(cause),
    }
}
