//! The end of the work: the state that follows when no engine works on a download any more.

use super::Download;
use crate::IntentState;
use crate::download::{Cause, Effect, Engine, FallbackReason, Fetching, Millis, Start, State};

impl Download {
    /// Determines the next state if no engine works on the download any more. (Completeness is derived later.)
    pub(super) fn conclude(&mut self, now: Millis) -> Vec<Effect> {
        let Some(Fetching { background: None, page: None, engine, trouble, mismatches, .. }) =
            self.state.fetching()
        else {
            return Vec::new();
        };
        if self.is_complete() {
            // By what was admitted. The store says whether it is true.
            return vec![self.survey()];
        }
        let cause = match (*trouble, mismatches.len()) {
            (Some(cause @ (Cause::Cancelled | Cause::Paused | Cause::NoRoom | Cause::Gone)), _) => cause,
            (trouble, 0) => trouble.unwrap_or(Cause::Browser),
            (_, mismatches) => Cause::Corrupt(mismatches),
        };
        let stopping = matches!(self.state, State::Stopping(_));
        let was_background = *engine == Engine::Background;
        if !stopping && !self.missing().is_empty() {
            // The browser was closed, and failed a fetch that this page found running at its start. The page
            // starts a new fetch, as a page that opens a moment later does.
            let reopened = self.attached.is_some_and(|at| now.saturating_sub(at) < self.settings.relaunch);
            if reopened && !self.begun && matches!(cause, Cause::Network | Cause::Browser) {
                return self.begin(now, Start::Silent);
            }
            // Else the page continues with what the browser did not bring; for itself it needs no click.
            match cause {
                _ if !was_background => {}
                Cause::Corrupt(_) => return self.fall_back(FallbackReason::Damaged),
                Cause::NoRoom => return self.fall_back(FallbackReason::NoRoom),
                cause if cause.is_passing() => return self.fall_back(FallbackReason::GaveUp),
                _ => {}
            }
        }
        self.state = State::Interrupted(cause);
        match cause {
            // To continue by itself at the next visit would fail in the same way, at the user's expense.
            Cause::Gone | Cause::NoRoom | Cause::Corrupt(_) | Cause::Storage => {
                vec![self.write_intent(IntentState::Stopped, None)]
            }
            Cause::Cancelled
            | Cause::Paused
            | Cause::NeedsClick
            | Cause::Network
            | Cause::Status(_)
            | Cause::Browser
            | Cause::Evicted => Vec::new(),
        }
    }

    pub(super) fn interrupt(&mut self, cause: Cause) -> Vec<Effect> {
        self.state = State::Interrupted(cause);
        Vec::new()
    }

    /// Whether a download was running, and no engine works on it any more.
    pub(super) fn is_without_engine(&self) -> bool {
        matches!(self.state.fetching(), Some(Fetching { background: None, page: None, .. }))
    }
}
