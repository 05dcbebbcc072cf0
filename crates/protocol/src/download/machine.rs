//! The transitions: what each event does to a download.

mod click;
mod end;
mod follow;
mod look;
mod start;
mod view;

use super::{
    Background, Button, Cause, Choice, Effect, Engine, Event, Fetching, Millis, Plan, Settings, Stage, State,
    StorageQuota,
};
use crate::{AttemptId, DigestSet, Intent, IntentState, ModelId, Piece, Revision};

/// The download of one revision of one model, as one page sees it.
#[derive(Clone, Debug)]
pub struct Download {
    model: ModelId,
    revision: Revision,
    /// Whether the device is open.
    opened: bool,
    /// Whether the device has been looked at.
    surveyed: bool,
    /// Whether the user asked for it before the device was known.
    wanted: bool,
    /// The best engine that the browser has.
    engine: Engine,
    choice: Choice,
    quota: StorageQuota,
    settings: Settings,
    state: State,
    plan: Option<Plan>,
    older: bool,
    /// Another revision that is complete.
    readable: Option<Revision>,
    /// Whether another page fetches all of it itself.
    page_elsewhere: bool,
    /// Whether this page has begun a fetch.
    begun: bool,
    /// When this page, just opened, found a background fetch running.
    attached: Option<Millis>,
    /// The latest run of the page engine.
    run: u64,
    /// Counts admissions and beginnings: a survey that began before the latest one must not take it back.
    epoch: u64,
}

impl Download {
    /// A download of which nothing is known yet. Begin by carrying out [`Effect::Open`].
    #[must_use]
    pub fn new(model: ModelId, revision: Revision, settings: Settings) -> Self {
        Self {
            model,
            revision,
            opened: false,
            surveyed: false,
            wanted: false,
            engine: Engine::Page,
            choice: Choice::default(),
            quota: StorageQuota::default(),
            settings,
            state: State::Unknown,
            plan: None,
            older: false,
            readable: None,
            page_elsewhere: false,
            begun: false,
            attached: None,
            run: 0,
            epoch: 0,
        }
    }

    /// Takes one event and says what to do about it.
    pub fn handle(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        if let State::Unsupported(_) = self.state {
            return Vec::new();
        }
        if !self.opened && !event.concerns_opening() {
            return Vec::new();
        }
        let was_ready = self.state == State::Ready;
        let was_claimed = self.is_claimed();
        // Admissions add up to a complete model only if nothing was removed meanwhile: the store has the last word.
        let seen_complete = match &event {
            Event::Surveyed { survey, .. } | Event::Prepared(survey) => {
                survey.plan.as_ref().is_some_and(Plan::is_complete)
            }
            _ => was_ready,
        };
        let is_survey = matches!(event, Event::Surveyed { .. } | Event::SurveyFailed);
        let mut effects = self.transition(now, event);
        if is_survey && self.state != State::Unknown && std::mem::take(&mut self.wanted) {
            effects.extend(self.begin_wanted(now));
        }
        let left_over = self.derive_ready(seen_complete);
        let looks = effects.iter().any(|effect| matches!(effect, Effect::Survey { .. }));
        if !was_claimed && self.is_claimed() && !looks {
            effects.push(self.survey());
        }
        if !was_ready && self.state == State::Ready {
            effects.push(Effect::Completed);
            effects.extend(left_over);
        }
        self.update_shown();
        effects
    }

    fn transition(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        match event {
            Event::Opened(engine) => self.opened(engine),
            Event::OpenFailed(cause) => self.interrupt(cause),
            Event::Unsupported(missing) => {
                self.state = State::Unsupported(missing);
                Vec::new()
            }
            Event::Reloaded => {
                self.wanted = true;
                Vec::new()
            }
            Event::Surveyed { epoch, survey } => self.surveyed(now, epoch, survey),
            Event::SurveyFailed if self.state == State::Unknown => self.interrupt(Cause::Storage),
            Event::SurveyFailed if self.is_complete() && self.is_without_engine() => {
                self.interrupt(Cause::Storage)
            }
            Event::SurveyFailed => match self.background() {
                // The store may never answer this page again.
                Some(Background { stage: Stage::Settling { .. }, .. }) => self.no_longer_active(now),
                _ => self.conclude(now),
            },
            Event::Clicked(button) => self.clicked(now, button),
            Event::Prepared(survey) => self.prepared(now, survey),
            Event::PrepareFailed(cause) => self.prepare_failed(now, cause),
            Event::Started(attempt) => self.started(now, attempt),
            Event::StartRefused { attempt, refusal } => self.start_refused(now, &attempt, refusal),
            Event::Progress { attempt, downloaded } => {
                self.moved(now, &attempt, downloaded);
                Vec::new()
            }
            Event::Ended { attempt, ending } => self.ended(now, &attempt, ending),
            Event::WorkerFinished { attempt, ending } => self.worker_finished(&attempt, ending),
            Event::Admitted(digest) => self.admitted(now, &digest),
            Event::Refused { digest, refusal } => self.refused(digest, refusal),
            Event::Page { run, event } => self.page_event(now, run, event),
            Event::ElsewhereProgress { in_flight } => {
                if let Some(page) = self.fetching().and_then(|fetching| fetching.page.as_mut())
                    && page.waits
                {
                    page.in_flight = in_flight;
                }
                Vec::new()
            }
            Event::Changed => vec![self.survey()],
            Event::Removed => {
                if self.state != State::Removing {
                    return Vec::new();
                }
                self.epoch += 1;
                self.plan = None;
                self.older = false;
                self.readable = None;
                self.state = State::Absent;
                // Another revision may be there still.
                vec![self.survey()]
            }
            Event::RemoveFailed => {
                if self.state != State::Removing {
                    return Vec::new();
                }
                // What is left is whatever the next look finds; but nothing shall start by itself.
                self.state = State::Interrupted(Cause::Storage);
                vec![self.survey()]
            }
            Event::Tick { waiting } => {
                let shown = self.shown();
                if let State::Fetching(fetching) = &mut self.state {
                    fetching.throughput.measure(now, shown);
                }
                self.tick(now, waiting)
            }
            Event::Chosen(choice) => {
                self.choice = choice;
                Vec::new()
            }
            Event::StorageQuota(quota) => {
                self.quota = quota;
                self.quota_looked_at()
            }
        }
    }

    // ---- opening ----

    fn opened(&mut self, engine: Engine) -> Vec<Effect> {
        self.opened = true;
        self.engine = engine;
        // The first survey may begin a fetch, which has to fit.
        vec![Effect::LookAtQuota]
    }

    fn quota_looked_at(&mut self) -> Vec<Effect> {
        let effects = if self.surveyed { Vec::new() } else { vec![self.survey()] };
        self.surveyed = true;
        effects
    }

    /// Begins what a user asked for before the device was known, if it does not continue already.
    fn begin_wanted(&mut self, now: Millis) -> Vec<Effect> {
        match self.buttons().first() {
            Some(button @ (Button::Download | Button::Resume)) => self.clicked(now, *button),
            Some(_) | None => Vec::new(),
        }
    }

    fn is_complete(&self) -> bool {
        self.plan.as_ref().is_some_and(Plan::is_complete)
    }

    fn fetching(&mut self) -> Option<&mut Fetching> {
        match &mut self.state {
            State::Fetching(fetching) | State::Stopping(fetching) => Some(fetching),
            _ => None,
        }
    }

    fn background_of(&mut self, attempt: &AttemptId) -> Option<&mut Background> {
        let background = self.fetching()?.background.as_mut()?;
        (background.attempt == *attempt).then_some(background)
    }

    fn missing(&self) -> Vec<Piece> {
        self.plan.iter().flat_map(Plan::missing).collect()
    }

    fn write_intent(&self, state: IntentState, nonce: Option<u64>) -> Effect {
        Effect::WriteIntent(Intent { revision: self.revision, state, nonce })
    }

    fn update_shown(&mut self) {
        let Some(plan) = &self.plan else { return };
        let (State::Fetching(fetching) | State::Stopping(fetching)) = &mut self.state else {
            return;
        };
        let nothing = DigestSet::default();
        let (asked, downloaded) =
            fetching.background.as_ref().map_or((&nothing, 0), |b| (&b.asked, b.downloaded));
        let (asked_bytes, asked_kept) = plan.bytes_in(asked);
        let in_flight = fetching.page.as_ref().map_or(0, |page| page.in_flight);
        let bytes = plan.kept_bytes() - asked_kept + downloaded.min(asked_bytes).max(asked_kept) + in_flight;
        fetching.shown = fetching.shown.max(bytes.min(plan.total()));
    }
}
