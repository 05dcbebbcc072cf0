//! What a page reads from a download.

use super::Download;
use crate::download::{
    BACKGROUND_COPIES, Background, Button, Cause, Choice, Engine, Event, Plan, Preparing, Quiet, State,
    StorageQuota, Waiting,
};
use crate::{AttemptId, BroadcastMessage, ModelId, Revision};

impl Download {
    /// The model.
    #[must_use]
    pub fn model(&self) -> &ModelId {
        &self.model
    }

    /// The wanted revision.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The pieces, once the manifest is stored.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// Whether another revision of the model is stored, whole or in part.
    #[must_use]
    pub fn older(&self) -> bool {
        self.older
    }

    /// The revision that can be read on this device, if one can: this one, or one from before.
    #[must_use]
    pub fn readable(&self) -> Option<Revision> {
        if self.state == State::Ready { Some(self.revision) } else { self.readable }
    }

    /// The best engine that the browser has.
    #[must_use]
    pub fn offered(&self) -> Engine {
        self.engine
    }

    /// The engine that the user wants.
    #[must_use]
    pub fn choice(&self) -> Choice {
        self.choice
    }

    /// What is known of the storage on this device.
    #[must_use]
    pub fn quota(&self) -> &StorageQuota {
        &self.quota
    }

    /// How many bytes of storage it takes to fetch `bytes` with the engine that would be used for them.
    #[must_use]
    pub fn need(&self, bytes: u64) -> u64 {
        match self.engine_for(bytes) {
            (Engine::Background, _) => bytes.saturating_mul(BACKGROUND_COPIES),
            (Engine::Page, _) => bytes,
        }
    }

    /// The background fetch that is under way, if one is.
    #[must_use]
    pub fn background(&self) -> Option<&Background> {
        self.state.fetching()?.background.as_ref()
    }

    /// Bytes to show as progress: kept, plus those on their way. Never decreases within an attempt.
    #[must_use]
    pub fn shown(&self) -> u64 {
        match self.state.fetching() {
            Some(fetching) => fetching.shown,
            None => self.plan.as_ref().map_or(0, Plan::kept_bytes),
        }
    }

    /// The buttons to offer now.
    #[must_use]
    pub fn buttons(&self) -> &'static [Button] {
        match &self.state {
            State::Absent if self.older => &[Button::Download, Button::Delete],
            State::Absent => &[Button::Download],
            State::Preparing(Preparing::Working | Preparing::Waiting { .. }) => &[Button::Cancel],
            State::Fetching(fetching) => match (&fetching.background, &fetching.page) {
                // What is waited for may never come.
                (
                    Some(Background { quiet: Some(Quiet::Paused | Quiet::Waiting(Waiting::Queued)), .. }),
                    _,
                ) => &[Button::TakeOver, Button::Cancel],
                (None, Some(page)) if !page.waits => &[Button::Pause, Button::Cancel],
                _ => &[Button::Cancel],
            },
            State::Interrupted(Cause::Gone) if self.plan.is_some() => &[Button::Renew, Button::Discard],
            State::Interrupted(Cause::Gone) => &[Button::Renew],
            State::Interrupted(_) if self.plan.is_some() => &[Button::Resume, Button::Discard],
            State::Interrupted(_) => &[Button::Resume],
            State::Ready => &[Button::Delete],
            State::Unknown
            | State::Unsupported(_)
            | State::Preparing(Preparing::Cancelled)
            | State::Stopping(_)
            | State::Removing => &[],
        }
    }

    /// Whether ticks are wanted.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.state.fetching().is_some() || matches!(self.state, State::Preparing(_))
    }

    /// What a message means for this download, if it concerns it.
    #[must_use]
    pub fn hear(&self, message: &BroadcastMessage) -> Option<Event> {
        let is_ours = |attempt: &AttemptId| attempt.model == self.model && attempt.revision == self.revision;
        match message.clone() {
            // Models share pieces, so every download hears of them.
            BroadcastMessage::Admitted { digest } => Some(Event::Admitted(digest)),
            // Of an attempt that this page has ended itself, every piece that had not come is refused: no trouble of this one.
            BroadcastMessage::Refused { attempt, digest, refusal } => {
                let watched = self.background().is_some_and(|background| background.attempt == attempt);
                watched.then_some(Event::Refused { digest, refusal })
            }
            BroadcastMessage::Finished { attempt, ending } => {
                is_ours(&attempt).then_some(Event::WorkerFinished { attempt, ending })
            }
            BroadcastMessage::Progress { model, revision, in_flight } => {
                let is_this = model == self.model && revision == self.revision;
                is_this.then_some(Event::ElsewhereProgress { in_flight })
            }
            BroadcastMessage::Changed { model } => (model == self.model).then_some(Event::Changed),
        }
    }
}
