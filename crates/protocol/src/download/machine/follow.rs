//! Progress of a download: reports of the browser, the worker and the page engine.

use super::Download;
use super::start::joined;
use crate::download::{
    Active, Background, Cause, Effect, Engine, FallbackReason, Fetching, Millis, PageEvent, PageOutcome,
    Preparing, Quiet, Settings, Stage, State, Waiting,
};
use crate::{AttemptId, Digest, Ending, IntentState, Refusal};

impl Download {
    pub(super) fn still_active(&mut self, now: Millis, active: Active) -> Vec<Effect> {
        if self.moved(now, &active.attempt, active.downloaded) {
            if matches!(self.state, State::Stopping(_)) {
                // The browser may have failed to end it.
                return vec![Effect::Abort { attempt: active.attempt }];
            }
            let first_byte = self.settings.first_byte;
            if let Some(background) = self.background_of(&active.attempt) {
                if matches!(background.stage, Stage::Settling { .. }) {
                    // A look that failed had taken it for over.
                    background.stage = Stage::Running { since: now };
                } else if background.is_late(now, first_byte) {
                    return self.fall_back(FallbackReason::NoFirstByte);
                }
            }
            return Vec::new();
        }
        // Ours has ended or was refused, and another page or tab has started another one.
        match &mut self.state {
            State::Fetching(Fetching { background: None, page: None, .. }) => self.join(now, active),
            // This page fetches small pieces only.
            State::Fetching(Fetching { background: none @ None, engine: Engine::Background, .. }) => {
                let nonce = active.attempt.nonce;
                *none = Some(joined(now, active));
                vec![self.write_intent(IntentState::Active, Some(nonce))]
            }
            // Two tabs started at the same time. This page fetches everything that is missing, so the other fetch is not needed.
            State::Fetching(Fetching {
                background: None, page: Some(page), engine: Engine::Page, ..
            }) if !page.waits => {
                // The intent names no attempt then, so its abort is not taken for the user's.
                vec![self.write_intent(IntentState::Active, None), Effect::Abort { attempt: active.attempt }]
            }
            _ => self.conclude(now),
        }
    }

    /// Notes what the browser says of a background fetch; says whether it is the one that this page watches.
    pub(super) fn moved(&mut self, now: Millis, attempt: &AttemptId, downloaded: u64) -> bool {
        let Some(background) = self.background_of(attempt) else {
            return false;
        };
        if downloaded > background.downloaded {
            background.downloaded = downloaded;
            background.quiet = None;
            if let Stage::Running { since } = &mut background.stage {
                *since = now;
            }
        }
        true
    }

    /// A look at the browser did not find our background fetch any more.
    pub(super) fn no_longer_active(&mut self, now: Millis) -> Vec<Effect> {
        let settle = self.settings.settle;
        let Some(fetching) = self.fetching() else {
            return Vec::new();
        };
        let Some(background) = &mut fetching.background else {
            return self.conclude(now);
        };
        match background.stage {
            Stage::Asked { .. } => Vec::new(),
            Stage::Running { .. } => {
                background.stage = Stage::Settling { ending: Ending::Unknown, since: now };
                Vec::new()
            }
            // The worker has had its time, and may have been stopped in the middle: what it stored counts.
            Stage::Settling { since, ending } if now.saturating_sub(since) >= settle => {
                fetching.background = None;
                fetching.trouble = fetching.trouble.or(cause_of(ending));
                self.conclude(now)
            }
            Stage::Settling { .. } => Vec::new(),
        }
    }

    pub(super) fn ended(&mut self, now: Millis, attempt: &AttemptId, ending: Ending) -> Vec<Effect> {
        if let Some(background) = self.background_of(attempt)
            && matches!(background.stage, Stage::Asked { .. } | Stage::Running { .. })
        {
            background.stage = Stage::Settling { ending, since: now };
        }
        Vec::new()
    }

    pub(super) fn worker_finished(&mut self, attempt: &AttemptId, ending: Ending) -> Vec<Effect> {
        if self.background_of(attempt).is_none() {
            return Vec::new();
        }
        if let Some(fetching) = self.fetching() {
            fetching.background = None;
            fetching.trouble = fetching.trouble.or(cause_of(ending));
        }
        // Each admission came as a message of its own, but this page may have been opened in between: the
        // store decides where that leaves us.
        vec![self.survey()]
    }

    pub(super) fn admitted(&mut self, now: Millis, digest: &Digest) -> Vec<Effect> {
        let Some(size) = self.plan.as_mut().and_then(|plan| plan.admit(digest)) else {
            return Vec::new();
        };
        self.epoch += 1;
        if let Some(fetching) = self.fetching() {
            fetching.mismatches.remove(digest);
            if let Some(page) = &mut fetching.page
                && page.waits
            {
                // The tab that fetches says later that this is not on its way any more.
                page.in_flight = page.in_flight.saturating_sub(size);
            }
            if let Some(Background { stage: Stage::Settling { since, .. }, .. }) = &mut fetching.background {
                *since = now;
            }
        }
        Vec::new()
    }

    pub(super) fn refused(&mut self, digest: Digest, refusal: Refusal) -> Vec<Effect> {
        let known = self.missing().iter().any(|piece| piece.digest == digest);
        // What was told to stop has stopped for that reason, whatever was on its way.
        if let State::Fetching(fetching) = &mut self.state
            && known
        {
            match refusal {
                Refusal::Mismatch => {
                    fetching.mismatches.insert(digest);
                }
                Refusal::Empty | Refusal::Unavailable => {
                    fetching.trouble = fetching.trouble.or(Some(Cause::Network));
                }
                Refusal::Status(404 | 410) => fetching.trouble = Some(Cause::Gone),
                Refusal::Status(status) => fetching.trouble = Some(Cause::Status(status)),
                Refusal::NoRoom => fetching.trouble = Some(Cause::NoRoom),
                Refusal::Storage => fetching.trouble = Some(Cause::Storage),
            }
        }
        Vec::new()
    }

    /// Takes what a run of the page engine reports. An earlier run has nothing to say any more.
    pub(super) fn page_event(&mut self, now: Millis, run: u64, event: PageEvent) -> Vec<Effect> {
        let Some(fetching) = self.fetching() else {
            return Vec::new();
        };
        let Some(page) = fetching.page.as_mut().filter(|page| page.run == run) else {
            return Vec::new();
        };
        match event {
            PageEvent::Progress { in_flight } => page.in_flight = in_flight,
            PageEvent::Waits(waits) => page.waits = waits,
            PageEvent::Trouble(trouble) => page.trouble = trouble,
            PageEvent::Finished(outcome) => {
                fetching.page = None;
                if let PageOutcome::Failed(cause) = outcome {
                    fetching.trouble = fetching.trouble.or(Some(cause));
                }
                if matches!(
                    fetching,
                    Fetching { engine: Engine::Background, background: None, trouble: None, .. }
                ) {
                    // Another tab has started the background fetch: a look is under way that finds it.
                    return vec![self.survey()];
                }
                return self.conclude(now);
            }
        }
        Vec::new()
    }

    pub(super) fn tick(&mut self, now: Millis, waiting: Option<Waiting>) -> Vec<Effect> {
        let Settings { first_byte, settle, stall, .. } = self.settings;
        let survey = self.survey();
        if let State::Preparing(Preparing::Waiting { at, trying, .. }) = &mut self.state {
            // Once the network is there again, at the next tick.
            if waiting == Some(Waiting::Offline) {
                *at = now;
            } else if now >= *at && !*trying {
                *trying = true;
                return vec![Effect::Prepare];
            }
            return Vec::new();
        }
        let stopping = matches!(self.state, State::Stopping(_));
        let Some(fetching) = self.fetching() else {
            return Vec::new();
        };
        let Some(background) = &mut fetching.background else {
            return Vec::new();
        };
        match &mut background.stage {
            // The browser may be asking the user, who may never answer.
            Stage::Asked { since } if stopping && now.saturating_sub(*since) >= settle => {
                fetching.background = None;
                self.conclude(now)
            }
            Stage::Asked { since } if !stopping && now.saturating_sub(*since) >= first_byte => {
                self.fall_back(FallbackReason::NoFirstByte)
            }
            Stage::Asked { .. } => Vec::new(),
            // An abort whose event got lost must not leave the page stopping forever.
            Stage::Running { .. } if stopping => vec![survey],
            Stage::Running { since } => {
                let quiet_for = now.saturating_sub(*since);
                if let Some(waiting) = waiting {
                    *since = now;
                    background.quiet = Some(Quiet::Waiting(waiting));
                } else if matches!(background.quiet, Some(Quiet::Waiting(_))) {
                    // What it waited for is there: from now on it is able to move.
                    *since = now;
                    background.quiet = None;
                } else {
                    background.quiet = (quiet_for >= stall).then_some(Quiet::Paused);
                    if background.is_late(now, first_byte) {
                        // After a sleep, or in a tab out of sight, this page may be behind the times.
                        return vec![survey];
                    }
                }
                Vec::new()
            }
            Stage::Settling { .. } => vec![survey],
        }
    }
}

/// What the browser's own word for an end means, if something is missing after it.
pub(super) fn cause_of(ending: Ending) -> Option<Cause> {
    match ending {
        // "Success" with missing pieces: bodies were empty, which happens when the network failed late.
        Ending::Success | Ending::FetchError => Some(Cause::Network),
        Ending::Aborted => Some(Cause::Cancelled),
        // The record's own status is known better from its refusal.
        Ending::BadStatus | Ending::DownloadTotalExceeded => Some(Cause::Network),
        Ending::QuotaExceeded => Some(Cause::NoRoom),
        Ending::Unknown => Some(Cause::Browser),
    }
}
