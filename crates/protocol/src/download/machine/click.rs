//! What each button does.

use super::Download;
use crate::IntentState;
use crate::download::{Button, Cause, Effect, Engine, FallbackReason, Millis, Preparing, Stage, State};

impl Download {
    pub(super) fn clicked(&mut self, now: Millis, button: Button) -> Vec<Effect> {
        // A double click, or a click on a page that is behind the times, finds another state.
        if !self.buttons().contains(&button) {
            return Vec::new();
        }
        self.epoch += 1;
        match button {
            Button::Download | Button::Resume if !self.opened => {
                // Nothing is known of the device yet. What was asked for begins once it is.
                self.wanted = true;
                self.state = State::Unknown;
                vec![Effect::Open]
            }
            Button::Download | Button::Resume => {
                self.state = State::Preparing(Preparing::Working);
                // Some browsers ask the user, who has just said what it is about.
                vec![Effect::Prepare, Effect::AskToPersist, Effect::LookAtQuota]
            }
            Button::Cancel => self.cancel(now, Cause::Cancelled),
            Button::Pause => self.cancel(now, Cause::Paused),
            Button::TakeOver => self.fall_back(FallbackReason::Impatience),
            Button::Renew => {
                self.state = State::Preparing(Preparing::Working);
                vec![Effect::Renew]
            }
            Button::Discard => {
                self.state = State::Removing;
                vec![Effect::Discard]
            }
            Button::Delete => {
                self.state = State::Removing;
                vec![Effect::Delete]
            }
        }
    }

    pub(super) fn cancel(&mut self, now: Millis, cause: Cause) -> Vec<Effect> {
        let mut effects = vec![self.write_intent(IntentState::Stopped, None)];
        match self.state {
            State::Preparing(Preparing::Waiting { trying: false, .. }) if self.plan.is_none() => {
                self.state = State::Absent;
            }
            State::Preparing(Preparing::Waiting { trying: false, .. }) => {
                self.state = State::Interrupted(cause);
            }
            State::Preparing(_) => self.state = State::Preparing(Preparing::Cancelled),
            _ => {
                effects.extend(self.stop(cause));
                effects.extend(self.conclude(now));
            }
        }
        effects
    }

    /// Ends what is under way, for this reason.
    pub(super) fn stop(&mut self, cause: Cause) -> Vec<Effect> {
        let State::Fetching(fetching) = &mut self.state else {
            return Vec::new();
        };
        let page = fetching.page.as_ref().map(|page| Effect::StopPage { run: page.run });
        let background = fetching.background.as_ref().map(|b| Effect::Abort { attempt: b.attempt.clone() });
        let effects = page.into_iter().chain(background).collect();
        fetching.trouble = Some(cause);
        self.state = State::Stopping(fetching.clone());
        effects
    }

    /// The page takes over everything that is missing.
    pub(super) fn fall_back(&mut self, reason: FallbackReason) -> Vec<Effect> {
        let pieces = self.missing();
        let intent = self.write_intent(IntentState::Active, None);
        let survey = self.survey();
        let mut effects = vec![intent];
        if let State::Fetching(fetching) = &mut self.state {
            // The intent no longer names the attempt, so its abort is not taken for the user's.
            if let Some(background) = fetching.background.take()
                && !matches!(background.stage, Stage::Asked { .. })
            {
                effects.push(Effect::Abort { attempt: background.attempt });
            }
            fetching.engine = Engine::Page;
            fetching.fallback_reason = Some(reason);
            fetching.trouble = None;
            if pieces.is_empty() {
                // Nothing is left but to see whether it is true.
                effects.push(survey);
            } else {
                let mut fetching = fetching.clone();
                effects.extend(self.start_page(&mut fetching, pieces));
                self.state = State::Fetching(fetching);
            }
        }
        effects
    }
}
