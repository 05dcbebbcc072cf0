//! The start of a download, from a click or a stored intent to the first request.

use super::Download;
use crate::download::{
    Active, Activity, BACKGROUND_COPIES, Background, Cause, Choice, Effect, Engine, FallbackReason, Fetching,
    Millis, PageWork, Preparing, Stage, Start, StartRefusal, State, Survey, Throughput,
};
use crate::{AttemptId, DigestSet, IntentState, Piece};

/// The first delay before the preparation is tried again, in milliseconds. Up to half as much is added at
/// random. The delay doubles with each try, up to sixteen times the first.
const PREPARE_AGAIN: Millis = 2_000;

impl Download {
    pub(super) fn prepared(&mut self, now: Millis, survey: Survey) -> Vec<Effect> {
        let State::Preparing(preparing) = self.state else {
            return Vec::new();
        };
        self.plan = survey.plan;
        self.page_elsewhere = survey.page_elsewhere;
        if preparing == Preparing::Cancelled {
            return self.cancelled_early();
        }
        self.state = State::Unknown;
        match survey.activity {
            _ if self.is_complete() => Vec::new(),
            _ if self.plan.is_none() => self.interrupt(Cause::Storage),
            Activity::Running(active) => self.join(now, active),
            Activity::Idle => self.begin(now, Start::Clicked),
            // There may be a background fetch. A second one would bring everything twice.
            Activity::Unknown => self.begin_in_page(Start::Clicked, Some(FallbackReason::Failed)),
        }
    }

    pub(super) fn prepare_failed(&mut self, now: Millis, cause: Cause) -> Vec<Effect> {
        match self.state {
            State::Preparing(Preparing::Cancelled) => self.cancelled_early(),
            State::Preparing(preparing) if cause.is_passing() => {
                let tries = match preparing {
                    Preparing::Waiting { tries, .. } => tries + 1,
                    Preparing::Working | Preparing::Cancelled => 0,
                };
                let pause = PREPARE_AGAIN << tries.min(4);
                // Many pages may have lost the same server at once. The time of a failure is chance enough.
                let at = now + pause + now % (pause / 2);
                self.state = State::Preparing(Preparing::Waiting { cause, at, tries, trying: false });
                Vec::new()
            }
            State::Preparing(_) => self.interrupt(cause),
            _ => Vec::new(),
        }
    }

    /// Preparing may have stored an active intent; takes that back, since the user has said stop meanwhile.
    fn cancelled_early(&mut self) -> Vec<Effect> {
        self.state = State::Interrupted(Cause::Cancelled);
        vec![self.write_intent(IntentState::Stopped, None)]
    }

    /// The engine to fetch so many bytes with, and why not the browser's if it has one.
    pub(super) fn engine_for(&self, bytes: u64) -> (Engine, Option<FallbackReason>) {
        let quota = &self.quota;
        match (self.engine, self.choice) {
            (Engine::Page, _) => (Engine::Page, None),
            // The browser would fetch everything a second time.
            (Engine::Background, _) if self.page_elsewhere => (Engine::Page, Some(FallbackReason::Elsewhere)),
            (Engine::Background, Choice::Page) => (Engine::Page, Some(FallbackReason::Chosen)),
            (Engine::Background, Choice::Automatic)
                if quota.fits(bytes) && !quota.fits(bytes.saturating_mul(BACKGROUND_COPIES)) =>
            {
                (Engine::Page, Some(FallbackReason::NoRoom))
            }
            (Engine::Background, Choice::Automatic | Choice::Background) => (Engine::Background, None),
        }
    }

    pub(super) fn begin(&mut self, now: Millis, start: Start) -> Vec<Effect> {
        let missing = self.missing();
        let small = self.settings.small;
        let (engine, fallback_reason) = self.engine_for(missing.iter().map(|piece| piece.size).sum());
        if engine == Engine::Page {
            return self.begin_in_page(start, fallback_reason);
        }
        self.epoch += 1;
        self.begun = true;
        let (own, asked): (Vec<Piece>, Vec<Piece>) =
            missing.into_iter().partition(|piece| piece.size < small);
        let mut effects = Vec::new();
        let mut background = None;
        let engine = if asked.is_empty() { Engine::Page } else { Engine::Background };
        let mut fetching = fetching(engine, start);
        if !asked.is_empty() {
            let attempt = AttemptId { model: self.model.clone(), revision: self.revision, nonce: now };
            fetching.background = Some(Background {
                attempt: attempt.clone(),
                asked: asked.iter().map(|piece| piece.digest).collect(),
                downloaded: 0,
                joined: false,
                stage: Stage::Asked { since: now },
                quiet: None,
            });
            effects.push(self.write_intent(IntentState::Active, Some(attempt.nonce)));
            background = Some(Effect::StartBackground { attempt, pieces: asked, start });
        } else {
            // It names no attempt, which tells other pages who works.
            effects.push(self.write_intent(IntentState::Active, None));
        }
        effects.extend(self.start_page(&mut fetching, own));
        // Last: the browser may ask the user, whose answer may take its time.
        effects.extend(background);
        self.state = State::Fetching(fetching);
        effects
    }

    /// The same, with the page's own engine.
    fn begin_in_page(&mut self, start: Start, reason: Option<FallbackReason>) -> Vec<Effect> {
        self.epoch += 1;
        self.begun = true;
        let mut effects = Vec::new();
        if self.engine == Engine::Background {
            // It names no attempt, which tells other pages who works.
            effects.push(self.write_intent(IntentState::Active, None));
        }
        let mut fetching = fetching(Engine::Page, start);
        fetching.fallback_reason = reason;
        effects.extend(self.start_page(&mut fetching, self.missing()));
        self.state = State::Fetching(fetching);
        effects
    }

    /// Has the page fetch these pieces, in a run of its own.
    pub(super) fn start_page(&mut self, fetching: &mut Fetching, pieces: Vec<Piece>) -> Option<Effect> {
        if pieces.is_empty() {
            return None;
        }
        self.run += 1;
        fetching.page = Some(PageWork { run: self.run, in_flight: 0, waits: false, trouble: None });
        Some(Effect::StartPage { run: self.run, pieces })
    }

    /// Joins a background fetch that the browser is already working on, and fetches what it was not asked
    /// for.
    pub(super) fn attach(&mut self, now: Millis, active: Active) -> Vec<Effect> {
        let own: Vec<Piece> =
            self.missing().into_iter().filter(|piece| !active.asked.contains(&piece.digest)).collect();
        let mut fetching = fetching(Engine::Background, Start::Silent);
        fetching.background = Some(joined(now, active));
        let effect = self.start_page(&mut fetching, own);
        self.state = State::Fetching(fetching);
        effect.into_iter().collect()
    }

    /// The same if this page has written an intent meanwhile. That intent may name another attempt or none,
    /// and a Cancel in the browser's list would then not count as the user's.
    pub(super) fn join(&mut self, now: Millis, active: Active) -> Vec<Effect> {
        let intent = self.write_intent(IntentState::Active, Some(active.attempt.nonce));
        let mut effects = self.attach(now, active);
        effects.insert(0, intent);
        effects
    }

    pub(super) fn started(&mut self, now: Millis, attempt: AttemptId) -> Vec<Effect> {
        let stopping = matches!(self.state, State::Stopping(_));
        let Some(background) = self.background_of(&attempt) else {
            // Cancelled, taken over or completed before the browser answered: it is not needed any more.
            return vec![Effect::Abort { attempt }];
        };
        if matches!(background.stage, Stage::Asked { .. }) {
            background.stage = Stage::Running { since: now };
        }
        // The abort of a moment ago found nothing to abort yet.
        if stopping { vec![Effect::Abort { attempt }] } else { Vec::new() }
    }

    pub(super) fn start_refused(
        &mut self,
        now: Millis,
        attempt: &AttemptId,
        refusal: StartRefusal,
    ) -> Vec<Effect> {
        let stopping = matches!(self.state, State::Stopping(_));
        if self.background_of(attempt).is_none_or(|b| !matches!(b.stage, Stage::Asked { .. })) {
            return Vec::new();
        }
        let Some(fetching) = self.fetching() else {
            return Vec::new();
        };
        if refusal == StartRefusal::Running {
            // In another tab, a moment ago: a look that begins now finds it.
            fetching.background = None;
            self.epoch += 1;
            return vec![self.survey()];
        }
        let waits_for_click = fetching.start == Start::Silent && refusal == StartRefusal::NotAllowed;
        if stopping || waits_for_click {
            fetching.background = None;
            fetching.trouble = fetching.trouble.or(Some(Cause::NeedsClick));
            return self.conclude(now);
        }
        self.fall_back(match refusal {
            StartRefusal::NotAllowed | StartRefusal::Running => FallbackReason::NotAllowed,
            StartRefusal::TooMany => FallbackReason::TooMany,
            StartRefusal::NoRoom => FallbackReason::NoRoom,
            StartRefusal::Failed => FallbackReason::Failed,
        })
    }
}

/// A background fetch that another tab or an earlier page has started.
pub(super) fn joined(now: Millis, active: Active) -> Background {
    let Active { attempt, asked, downloaded } = active;
    Background { attempt, asked, downloaded, joined: true, stage: Stage::Running { since: now }, quiet: None }
}

fn fetching(engine: Engine, start: Start) -> Fetching {
    Fetching {
        engine,
        fallback_reason: None,
        start,
        background: None,
        page: None,
        mismatches: DigestSet::default(),
        trouble: None,
        shown: 0,
        throughput: Throughput::default(),
    }
}
