//! One call of `download`: from the question which revision it is about to the last byte, or to the reason why not.

use std::pin::pin;

use device::Seat;
use futures_util::future::{Either, select};
use js_sys::Function;
use piece_store::BrowserStore;
use protocol::download::{Button, Cause, Choice, Download, Preparing, State};
use protocol::{ModelId, Revision};
use wasm_bindgen::JsValue;

use crate::abort::Abort;
use crate::changes::Changes;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::status::Status;
use crate::wanting::Wanting;

/// What is asked for.
pub(crate) struct Call {
    pub model: ModelId,
    /// `None` for the server's current one.
    pub revision: Option<Revision>,
    /// `None` for whatever the person has chosen for the site.
    pub engine: Option<Choice>,
    pub on_progress: Option<Function>,
    pub abort: Option<Abort>,
}

impl Call {
    /// Comes back when the model is ready.
    pub(crate) async fn carry_out(&self) -> Result<Status, Failure> {
        let store = BrowserStore::open().await?;
        let revision = match self.revision {
            Some(revision) => revision,
            None => match self.unless_aborted(device::current(&self.model)).await? {
                Ok(revision) => revision,
                Err(cause) => {
                    // What is on the device is of use without the server, whatever that has by now.
                    let ready = Status::of_ready(&store, &self.model).await?;
                    return ready
                        .filter(|_| cause.is_passing())
                        .ok_or_else(|| Failure::of_cause(cause, &self.model, None));
                }
            },
        };
        let seat = Seat::of(self.model.clone(), revision);
        if let Some(choice) = self.engine {
            seat.choose(choice);
        }
        seat.begin();
        self.follow(seat, revision).await?;
        Ok(Status::of(&store, &self.model, Some(revision)).await?)
    }

    /// Stays until it is ready.
    async fn follow(&self, seat: Seat, revision: Revision) -> Result<(), Failure> {
        let wanting = Wanting::of(seat);
        let changes = Changes::of(seat);
        let mut so_far = SoFar::default();
        let mut told = None;
        loop {
            let aborted = self.abort.as_ref().filter(|abort| abort.is_aborted());
            let next = seat.with(|download| next(download, so_far)).unwrap_or(Next::Wait);
            so_far.seen |= seat.with(Download::is_busy).unwrap_or_default();
            if let Some(abort) = aborted {
                // What has come is kept before the caller hears of it. Another call may want the rest.
                if !wanting.is_alone() || !next.is_going_on() {
                    return Err(Failure::aborted(&self.model, revision, abort));
                }
                cancel(seat);
                changes.next().await;
                continue;
            }
            let progress = seat.with(Progress::of).flatten();
            if progress.is_some() && progress != told {
                told = progress;
                self.tell(progress);
            }
            match next {
                Next::Wait => {}
                Next::Press(button) => {
                    so_far.pressed = true;
                    seat.press(button);
                    continue;
                }
                Next::Done => return Ok(()),
                Next::Fail(failure) => {
                    if wanting.is_alone() {
                        cancel(seat);
                    }
                    return Err(failure.about(&self.model, Some(revision)));
                }
            }
            // Whether it is the one or the other is looked at above.
            match &self.abort {
                Some(abort) => drop(select(changes.next(), pin!(abort.happens())).await),
                None => changes.next().await,
            }
        }
    }

    async fn unless_aborted<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let Some(abort) = &self.abort else { return Ok(work.await) };
        let aborted = || Failure::aborted(&self.model, None, abort);
        if abort.is_aborted() {
            return Err(aborted());
        }
        match select(pin!(work), pin!(abort.happens())).await {
            Either::Left((done, _)) => Ok(done),
            Either::Right(((), _)) => Err(aborted()),
        }
    }

    fn tell(&self, progress: Option<Progress>) {
        let (Some(on_progress), Some(progress)) = (&self.on_progress, progress) else { return };
        if let Err(error) = on_progress.call1(&JsValue::UNDEFINED, &progress.into()) {
            // The page's own, and no reason to stop.
            web_sys::console::error_1(&error);
        }
    }
}

/// Ends a download, if it is not ended yet: what is pressed without being there is heard of like a change.
pub(crate) fn cancel(seat: Seat) {
    if seat.with(|download| download.buttons().contains(&Button::Cancel)).unwrap_or_default() {
        seat.press(Button::Cancel);
    }
}

/// What this call knows of the past.
#[derive(Clone, Copy, Default)]
struct SoFar {
    /// It has begun the download itself.
    pressed: bool,
    /// It has seen the download going on.
    seen: bool,
}

/// What to do about how a download stands.
enum Next {
    Wait,
    Press(Button),
    Done,
    Fail(Failure),
}

impl Next {
    /// Whether something is being done that can be waited for.
    fn is_going_on(&self) -> bool {
        match self {
            Self::Wait => true,
            Self::Press(_) | Self::Done | Self::Fail(_) => false,
        }
    }
}

fn next(download: &Download, so_far: SoFar) -> Next {
    match download.state() {
        State::Unknown
        | State::Preparing(Preparing::Working | Preparing::Cancelled)
        | State::Fetching(_)
        | State::Stopping(_)
        | State::Removing => Next::Wait,
        // It would be tried again for as long as the page is open. Here somebody waits who can be told.
        State::Preparing(Preparing::Waiting { cause, .. }) => Next::Fail(Failure::from(*cause)),
        State::Unsupported(lack) => Next::Fail(Failure::from(*lack)),
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
        Some(_) | None => Next::Fail(Failure::from(cause)),
    }
}
