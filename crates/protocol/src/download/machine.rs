//! The transitions.

use crate::{AttemptId, Digest, DigestSet, Ending, ModelId, Piece, Refusal, Revision, Wish, WishState};

use super::state::{
    Background, Cause, Choice, Engine, Fetching, HandOver, Lack, PageWork, Preparing, Quiet, Stage, State,
    Waiting,
};
use super::{
    Active, BACKGROUND_COPIES, Button, Effect, Event, Millis, Pace, PageOutcome, Plan, Room, StartRefusal,
    Survey,
};

/// The numbers that decide. All but tests use the default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Pieces below this size, in bytes, are fetched by the page: requests that finish faster than a few a
    /// second make Background Fetch pause for 5 s after every 6 to 12 of them.
    pub small: u64,
    /// How long a background fetch may take to its first byte before the page takes over.
    pub first_byte: Millis,
    /// How long nothing may happen after the browser's end before the page stops waiting for the worker.
    pub settle: Millis,
    /// How long a background fetch that has moved may stand still before the page says that it does. It is never
    /// ended for that: the browser itself waits 20 s before it tries again, and 30 s after a navigation.
    pub stall: Millis,
    /// For how long after it was opened a page takes the end of a background fetch for one of a browser that was
    /// closed in between: such a fetch fails some seconds after the browser is there again.
    pub relaunch: Millis,
}

impl Default for Settings {
    fn default() -> Self {
        Self { small: 1 << 20, first_byte: 20_000, settle: 15_000, stall: 45_000, relaunch: 30_000 }
    }
}

/// How long after a failed try the preparation is tried again, in milliseconds, and up to half as long besides; twice
/// as long each time, up to sixteen times.
const PREPARE_AGAIN: Millis = 2_000;

/// The download of one revision of one model, as one page sees it.
#[derive(Clone, Debug)]
pub struct Download {
    model: ModelId,
    revision: Revision,
    /// The best engine that the browser has.
    engine: Engine,
    choice: Choice,
    room: Room,
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
    /// Counts admissions and beginnings: a survey that began before the latest one must not take it back.
    epoch: u64,
}

impl Download {
    /// A download in a window that can keep models, with the engine its browser offers. Begin by carrying
    /// out the effects.
    #[must_use]
    pub fn new(
        model: ModelId,
        revision: Revision,
        engine: Engine,
        settings: Settings,
    ) -> (Self, Vec<Effect>) {
        let state = State::Unknown;
        let download = Self {
            model,
            revision,
            engine,
            choice: Choice::default(),
            room: Room::default(),
            settings,
            state,
            plan: None,
            older: false,
            readable: None,
            page_elsewhere: false,
            begun: false,
            attached: None,
            epoch: 0,
        };
        (download, vec![Effect::Survey { epoch: 0 }])
    }

    /// A download in a window that cannot keep models. No event changes it.
    #[must_use]
    pub fn unsupported(model: ModelId, revision: Revision, lack: Lack) -> Self {
        let (download, _) = Self::new(model, revision, Engine::Page, Settings::default());
        Self { state: State::Unsupported(lack), ..download }
    }

    /// A download in a window that may be able to keep models, but failed for this reason when it was to be looked at.
    #[must_use]
    pub fn unopened(model: ModelId, revision: Revision, cause: Cause) -> Self {
        let (download, _) = Self::new(model, revision, Engine::Page, Settings::default());
        Self { state: State::Interrupted(cause), ..download }
    }

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

    /// The engine that the person wants.
    #[must_use]
    pub fn choice(&self) -> Choice {
        self.choice
    }

    /// What is known of the room on this device.
    #[must_use]
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// How many bytes of room it takes to fetch `bytes` with the engine that would be used for them.
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

    /// Takes one event and says what to do about it.
    pub fn handle(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        if let State::Unsupported(_) = self.state {
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
        let mut effects = self.transition(now, event);
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
            Event::Surveyed { epoch, survey } => self.surveyed(now, epoch, survey),
            Event::SurveyFailed if self.state == State::Unknown => self.interrupt(Cause::Storage),
            Event::SurveyFailed if self.is_complete() && self.rests() => self.interrupt(Cause::Storage),
            Event::SurveyFailed => self.conclude(now),
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
            Event::PageProgress { in_flight } => {
                if let Some(page) = self.fetching().and_then(|fetching| fetching.page.as_mut()) {
                    page.in_flight = in_flight;
                }
                Vec::new()
            }
            Event::PageWaits(waits) => {
                if let Some(page) = self.fetching().and_then(|fetching| fetching.page.as_mut()) {
                    page.waits = waits;
                }
                Vec::new()
            }
            Event::PageTrouble(trouble) => {
                if let Some(page) = self.fetching().and_then(|fetching| fetching.page.as_mut()) {
                    page.trouble = trouble;
                }
                Vec::new()
            }
            Event::ElsewhereProgress { in_flight } => {
                if let Some(page) = self.fetching().and_then(|fetching| fetching.page.as_mut())
                    && page.waits
                {
                    page.in_flight = in_flight;
                }
                Vec::new()
            }
            Event::PageFinished(outcome) => self.page_finished(now, outcome),
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
                    fetching.pace.measure(now, shown);
                }
                self.tick(now, waiting)
            }
            Event::Chosen(choice) => {
                self.choice = choice;
                Vec::new()
            }
            Event::Room(room) => {
                self.room = room;
                Vec::new()
            }
        }
    }

    // ---- a look at the device ----

    fn survey(&self) -> Effect {
        Effect::Survey { epoch: self.epoch }
    }

    fn surveyed(&mut self, now: Millis, epoch: u64, survey: Survey) -> Vec<Effect> {
        let idle =
            matches!(self.state, State::Unknown | State::Absent | State::Interrupted(_) | State::Ready);
        if idle && epoch < self.epoch {
            // It began before the latest thing that the person or the device did: look again.
            return vec![self.survey()];
        }
        let Survey { plan, wish, active, older, readable, page_elsewhere } = survey;
        self.older = older;
        self.readable = readable;
        // A run of this page has that turn too.
        let runs = self.state.fetching().is_some_and(|fetching| fetching.page.is_some());
        self.page_elsewhere = page_elsewhere && !runs;
        let of_another = wish.filter(|wish| wish.revision != self.revision).map(|wish| wish.state);
        let wish = wish.filter(|wish| wish.revision == self.revision);
        match &self.state {
            State::Unsupported(_) | State::Preparing(_) | State::Removing => Vec::new(),
            State::Fetching(_) | State::Stopping(_) => {
                let seen_complete = plan.as_ref().is_some_and(Plan::is_complete);
                self.take_plan(epoch, plan);
                if self.is_complete() && !seen_complete {
                    // Complete by what was admitted since that look began.
                    return vec![self.survey()];
                }
                if self.plan.is_none() && matches!(self.state, State::Fetching(_)) {
                    // Removed behind our back: nothing that arrives now has a place.
                    return self.stop(Cause::Evicted);
                }
                if wish.is_some_and(|wish| wish.state == WishState::Active && wish.nonce.is_none())
                    && let State::Fetching(fetching) = &mut self.state
                    && fetching.trouble == Some(Cause::Cancelled)
                {
                    // Not by the person: another page has taken over, and the wish names no attempt since.
                    fetching.trouble = None;
                }
                let stopped = wish.is_some_and(|wish| wish.state == WishState::Stopped);
                if stopped && matches!(self.state, State::Fetching(_)) {
                    if epoch < self.epoch {
                        // It may be what was true before the click that began this.
                        return vec![self.survey()];
                    }
                    // In another tab, or in the browser's own interface.
                    let mut effects = self.stop(Cause::Cancelled);
                    effects.extend(self.conclude(now));
                    return effects;
                }
                match active {
                    Some(active) => self.still_active(now, active),
                    None => self.no_longer_active(now),
                }
            }
            State::Unknown | State::Absent | State::Interrupted(_) | State::Ready => {
                let had_plan = self.plan.is_some();
                self.take_plan(epoch, plan);
                if self.plan.is_none() {
                    return self.settle_absent(had_plan, wish.map(|wish| wish.state));
                }
                if of_another == Some(WishState::Active) && active.is_none() && !self.is_complete() {
                    // On another page, which has seen that the server has something else by now.
                    return self.interrupt(Cause::Gone);
                }
                // A wish for another revision says nothing of a fetch that the browser works on for this one.
                let stands = wish.map(|wish| wish.state).or(of_another.filter(|_| active.is_none()));
                self.settle_idle(now, stands, active)
            }
        }
    }

    /// Where an idle download stands whose manifest is not stored.
    fn settle_absent(&mut self, had_plan: bool, wish: Option<WishState>) -> Vec<Effect> {
        if self.state == State::Unknown && wish == Some(WishState::Active) {
            // Wanted on the page of another revision, which the server does not have any more.
            self.state = State::Preparing(Preparing::Working);
            return vec![Effect::Prepare];
        }
        // Why preparing failed stays on the page.
        if had_plan || !matches!(self.state, State::Interrupted(_)) {
            self.state = State::Absent;
        }
        Vec::new()
    }

    /// Where an idle download stands whose manifest is stored.
    fn settle_idle(&mut self, now: Millis, wish: Option<WishState>, active: Option<Active>) -> Vec<Effect> {
        if self.is_complete() {
            return Vec::new();
        }
        match (active, wish) {
            // Whoever said so went before the browser was told.
            (Some(active), Some(WishState::Stopped)) => {
                if !matches!(self.state, State::Interrupted(cause) if cause.is_lasting()) {
                    self.state = State::Interrupted(Cause::Cancelled);
                }
                vec![Effect::Abort { attempt: active.attempt }]
            }
            // The browser has gone on without us, or another page has started it.
            (Some(active), _) => {
                if self.state == State::Unknown {
                    self.attached = Some(now);
                }
                self.attach(now, active)
            }
            (None, Some(WishState::Active)) => match self.state {
                State::Unknown => self.begin(now, true),
                // Another tab has started it: this one takes its place behind it.
                State::Absent | State::Interrupted(Cause::Cancelled)
                    if self.engine == Engine::Page || self.page_elsewhere =>
                {
                    self.begin(now, true)
                }
                State::Interrupted(_) => Vec::new(),
                _ => self.interrupt(Cause::Browser),
            },
            (None, Some(WishState::Stopped)) => match self.state {
                // Why it rests is known better here.
                State::Interrupted(cause) if cause.is_lasting() => Vec::new(),
                _ => self.interrupt(Cause::Cancelled),
            },
            // The wish is dropped when a model is complete, so it has been complete.
            (None, None) => self.interrupt(Cause::Evicted),
        }
    }

    /// Replaces the plan, unless a piece was admitted after the look began: then only adds to it.
    fn take_plan(&mut self, epoch: u64, seen: Option<Plan>) {
        match (&mut self.plan, seen) {
            (Some(known), Some(seen)) if epoch < self.epoch && known.revision() == seen.revision() => {
                known.merge(&seen);
            }
            (plan, seen) => *plan = seen,
        }
    }

    fn is_complete(&self) -> bool {
        self.plan.as_ref().is_some_and(Plan::is_complete)
    }

    /// Says what has to be ended because it is not needed any more.
    fn derive_ready(&mut self, seen_complete: bool) -> Vec<Effect> {
        let deciding = matches!(self.state, State::Unsupported(_) | State::Preparing(_) | State::Removing);
        let mut left_over = Vec::new();
        if self.is_complete() && !deciding {
            if !seen_complete {
                return left_over;
            }
            if let (Some(fetching), Some(plan)) = (self.state.fetching(), &self.plan) {
                left_over.extend(fetching.page.as_ref().map(|_| Effect::StopPage));
                // Completed by something else, such as another model with the same files. A fetch that has all its
                // bytes ends by itself, and says so in the browser's own interface.
                if let Some(background) = &fetching.background
                    && plan.bytes_in(&background.asked).0 > background.downloaded + self.settings.small
                {
                    left_over.push(Effect::Abort { attempt: background.attempt.clone() });
                }
            }
            self.state = State::Ready;
        } else if self.state == State::Ready {
            self.state = match self.plan {
                Some(_) => State::Interrupted(Cause::Evicted),
                None => State::Absent,
            };
        }
        left_over
    }

    // ---- buttons ----

    fn clicked(&mut self, now: Millis, button: Button) -> Vec<Effect> {
        // A double click, or a click on a page that is behind the times, finds another state.
        if !self.buttons().contains(&button) {
            return Vec::new();
        }
        self.epoch += 1;
        match button {
            Button::Download | Button::Resume => {
                self.state = State::Preparing(Preparing::Working);
                vec![Effect::Prepare]
            }
            Button::Cancel => self.cancel(now, Cause::Cancelled),
            Button::Pause => self.cancel(now, Cause::Paused),
            Button::TakeOver => self.hand_over(HandOver::Impatience),
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

    fn cancel(&mut self, now: Millis, cause: Cause) -> Vec<Effect> {
        let mut effects = vec![self.write_wish(WishState::Stopped, None)];
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
    fn stop(&mut self, cause: Cause) -> Vec<Effect> {
        let State::Fetching(fetching) = &mut self.state else {
            return Vec::new();
        };
        let page = fetching.page.as_ref().map(|_| Effect::StopPage);
        let background = fetching.background.as_ref().map(|b| Effect::Abort { attempt: b.attempt.clone() });
        let effects = page.into_iter().chain(background).collect();
        fetching.trouble = Some(cause);
        self.state = State::Stopping(fetching.clone());
        effects
    }

    // ---- beginning ----

    fn prepared(&mut self, now: Millis, survey: Survey) -> Vec<Effect> {
        let State::Preparing(preparing) = self.state else {
            return Vec::new();
        };
        self.plan = survey.plan;
        self.page_elsewhere = survey.page_elsewhere;
        if preparing == Preparing::Cancelled {
            return self.cancelled_early();
        }
        self.state = State::Unknown;
        match survey.active {
            _ if self.is_complete() => Vec::new(),
            _ if self.plan.is_none() => self.interrupt(Cause::Storage),
            Some(active) => self.join(now, active),
            None => self.begin(now, false),
        }
    }

    fn prepare_failed(&mut self, now: Millis, cause: Cause) -> Vec<Effect> {
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

    /// Preparing may have stored an active wish; takes that back, since the person has said stop meanwhile.
    fn cancelled_early(&mut self) -> Vec<Effect> {
        self.state = State::Interrupted(Cause::Cancelled);
        vec![self.write_wish(WishState::Stopped, None)]
    }

    /// The engine to fetch so many bytes with, and why not the browser's if it has one.
    fn engine_for(&self, bytes: u64) -> (Engine, Option<HandOver>) {
        let room = &self.room;
        match (self.engine, self.choice) {
            (Engine::Page, _) => (Engine::Page, None),
            // The browser would fetch everything a second time.
            (Engine::Background, _) if self.page_elsewhere => (Engine::Page, Some(HandOver::Elsewhere)),
            (Engine::Background, Choice::Page) => (Engine::Page, Some(HandOver::Chosen)),
            (Engine::Background, Choice::Automatic)
                if room.fits(bytes) && !room.fits(bytes.saturating_mul(BACKGROUND_COPIES)) =>
            {
                (Engine::Page, Some(HandOver::NoRoom))
            }
            (Engine::Background, Choice::Automatic | Choice::Background) => (Engine::Background, None),
        }
    }

    fn begin(&mut self, now: Millis, silent: bool) -> Vec<Effect> {
        self.epoch += 1;
        self.begun = true;
        let missing = self.missing();
        let small = self.settings.small;
        let (engine, hand_over) = self.engine_for(missing.iter().map(|piece| piece.size).sum());
        let (own, asked): (Vec<Piece>, Vec<Piece>) = match engine {
            Engine::Background => missing.into_iter().partition(|piece| piece.size < small),
            Engine::Page => (missing, Vec::new()),
        };
        let mut effects = Vec::new();
        let mut background = None;
        let engine = if asked.is_empty() { Engine::Page } else { Engine::Background };
        let mut fetching = fetching(engine, silent);
        fetching.hand_over = hand_over;
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
            effects.push(self.write_wish(WishState::Active, Some(attempt.nonce)));
            background = Some(Effect::StartBackground { attempt, pieces: asked });
        } else if self.engine == Engine::Background {
            // It names no attempt, which tells other pages who works.
            effects.push(self.write_wish(WishState::Active, None));
        }
        if !own.is_empty() {
            fetching.page = Some(PageWork { in_flight: 0, waits: false, trouble: None });
            effects.push(Effect::StartPage { pieces: own });
        }
        // Last: the browser may ask the person, whose answer may take its time.
        effects.extend(background);
        self.state = State::Fetching(fetching);
        effects
    }

    /// Joins a background fetch that the browser is already working on, and fetches what it was not asked
    /// for.
    fn attach(&mut self, now: Millis, active: Active) -> Vec<Effect> {
        let own: Vec<Piece> =
            self.missing().into_iter().filter(|piece| !active.asked.contains(&piece.digest)).collect();
        let mut fetching = fetching(Engine::Background, true);
        fetching.background = Some(joined(now, active));
        let mut effects = Vec::new();
        if !own.is_empty() {
            fetching.page = Some(PageWork { in_flight: 0, waits: false, trouble: None });
            effects.push(Effect::StartPage { pieces: own });
        }
        self.state = State::Fetching(fetching);
        effects
    }

    /// The same where this page has written a wish meanwhile, which may name another attempt or none: then the browser's
    /// own Cancel would not be taken for the person's.
    fn join(&mut self, now: Millis, active: Active) -> Vec<Effect> {
        let wish = self.write_wish(WishState::Active, Some(active.attempt.nonce));
        let mut effects = self.attach(now, active);
        effects.insert(0, wish);
        effects
    }

    fn started(&mut self, now: Millis, attempt: AttemptId) -> Vec<Effect> {
        let stopping = matches!(self.state, State::Stopping(_));
        let Some(background) = self.background_of(&attempt) else {
            // Cancelled, taken over or completed before the browser answered: nobody wants it any more.
            return vec![Effect::Abort { attempt }];
        };
        if matches!(background.stage, Stage::Asked { .. }) {
            background.stage = Stage::Running { since: now };
        }
        // The abort of a moment ago found nothing to abort yet.
        if stopping { vec![Effect::Abort { attempt }] } else { Vec::new() }
    }

    fn start_refused(&mut self, now: Millis, attempt: &AttemptId, refusal: StartRefusal) -> Vec<Effect> {
        let stopping = matches!(self.state, State::Stopping(_));
        if self.background_of(attempt).is_none_or(|b| !matches!(b.stage, Stage::Asked { .. })) {
            return Vec::new();
        }
        let survey = self.survey();
        let Some(fetching) = self.fetching() else {
            return Vec::new();
        };
        if refusal == StartRefusal::Running {
            // In another tab, a moment ago: the next look finds it.
            fetching.background = None;
            return vec![survey];
        }
        let waits_for_click = fetching.silent && refusal == StartRefusal::NotAllowed;
        if stopping || waits_for_click {
            fetching.background = None;
            fetching.trouble = fetching.trouble.or(Some(Cause::NeedsClick));
            return self.conclude(now);
        }
        self.hand_over(match refusal {
            StartRefusal::NotAllowed | StartRefusal::Running => HandOver::NotAllowed,
            StartRefusal::TooMany => HandOver::TooMany,
            StartRefusal::NoRoom => HandOver::NoRoom,
            StartRefusal::Failed => HandOver::Failed,
        })
    }

    /// The page takes over everything that is missing.
    fn hand_over(&mut self, why: HandOver) -> Vec<Effect> {
        let pieces = self.missing();
        let wish = self.write_wish(WishState::Active, None);
        let survey = self.survey();
        let mut effects = vec![wish];
        if let State::Fetching(fetching) = &mut self.state {
            // The wish no longer names the attempt, so its abort is not taken for the person's.
            if let Some(background) = fetching.background.take()
                && !matches!(background.stage, Stage::Asked { .. })
            {
                effects.push(Effect::Abort { attempt: background.attempt });
            }
            fetching.engine = Engine::Page;
            fetching.hand_over = Some(why);
            fetching.trouble = None;
            if pieces.is_empty() {
                // Nothing is left but to see whether it is true.
                effects.push(survey);
            } else {
                fetching.page = Some(PageWork { in_flight: 0, waits: false, trouble: None });
                effects.push(Effect::StartPage { pieces });
            }
        }
        effects
    }

    // ---- under way ----

    fn still_active(&mut self, now: Millis, active: Active) -> Vec<Effect> {
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
                    return self.hand_over(HandOver::NoFirstByte);
                }
            }
            return Vec::new();
        }
        // Ours is over, or was refused for it, and somebody has started another one.
        match &mut self.state {
            State::Fetching(Fetching { background: None, page: None, .. }) => self.join(now, active),
            // This page fetches small pieces only.
            State::Fetching(Fetching { background: none @ None, engine: Engine::Background, .. }) => {
                let nonce = active.attempt.nonce;
                *none = Some(joined(now, active));
                vec![self.write_wish(WishState::Active, Some(nonce))]
            }
            _ => self.conclude(now),
        }
    }

    /// Notes what the browser says of a background fetch; says whether it is the one that this page watches.
    fn moved(&mut self, now: Millis, attempt: &AttemptId, downloaded: u64) -> bool {
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
    fn no_longer_active(&mut self, now: Millis) -> Vec<Effect> {
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

    fn ended(&mut self, now: Millis, attempt: &AttemptId, ending: Ending) -> Vec<Effect> {
        if let Some(background) = self.background_of(attempt)
            && matches!(background.stage, Stage::Asked { .. } | Stage::Running { .. })
        {
            background.stage = Stage::Settling { ending, since: now };
        }
        Vec::new()
    }

    fn worker_finished(&mut self, attempt: &AttemptId, ending: Ending) -> Vec<Effect> {
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

    fn admitted(&mut self, now: Millis, digest: &Digest) -> Vec<Effect> {
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

    fn refused(&mut self, digest: Digest, refusal: Refusal) -> Vec<Effect> {
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

    fn page_finished(&mut self, now: Millis, outcome: PageOutcome) -> Vec<Effect> {
        let Some(fetching) = self.fetching() else {
            return Vec::new();
        };
        fetching.page = None;
        match outcome {
            PageOutcome::Done | PageOutcome::Stopped => {}
            PageOutcome::Failed(cause) => fetching.trouble = fetching.trouble.or(Some(cause)),
        }
        self.conclude(now)
    }

    fn tick(&mut self, now: Millis, waiting: Option<Waiting>) -> Vec<Effect> {
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
            // The browser may be asking the person, who may never answer.
            Stage::Asked { since } if stopping && now.saturating_sub(*since) >= settle => {
                fetching.background = None;
                self.conclude(now)
            }
            Stage::Asked { since } if !stopping && now.saturating_sub(*since) >= first_byte => {
                self.hand_over(HandOver::NoFirstByte)
            }
            Stage::Asked { .. } => Vec::new(),
            // An abort whose event got lost must not leave the page stopping for ever.
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

    // ---- ending ----

    /// If nobody works on it any more, says where that leaves us. (Completeness is derived later.)
    fn conclude(&mut self, now: Millis) -> Vec<Effect> {
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
            // A fetch that this page found running and that the browser failed because it had been closed: the page
            // starts anew, as it would have done had it come a moment later.
            let reopened = self.attached.is_some_and(|at| now.saturating_sub(at) < self.settings.relaunch);
            if reopened && !self.begun && matches!(cause, Cause::Network | Cause::Browser) {
                return self.begin(now, true);
            }
            // Else the page goes on with what the browser did not bring; for itself it needs no click.
            match cause {
                _ if !was_background => {}
                Cause::Corrupt(_) => return self.hand_over(HandOver::Damaged),
                Cause::NoRoom => return self.hand_over(HandOver::NoRoom),
                cause if cause.is_passing() => return self.hand_over(HandOver::GaveUp),
                _ => {}
            }
        }
        self.state = State::Interrupted(cause);
        match cause {
            // To go on by itself at the next visit would fail in the same way, at the person's expense.
            Cause::Gone | Cause::NoRoom | Cause::Corrupt(_) | Cause::Storage => {
                vec![self.write_wish(WishState::Stopped, None)]
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

    fn interrupt(&mut self, cause: Cause) -> Vec<Effect> {
        self.state = State::Interrupted(cause);
        Vec::new()
    }

    // ---- small things ----

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

    /// Whether all pieces have been admitted, but no look at the store has found them there.
    fn is_claimed(&self) -> bool {
        let other = matches!(
            self.state,
            State::Ready | State::Preparing(_) | State::Removing | State::Unsupported(_)
        );
        self.is_complete() && !other
    }

    /// Whether a download was under way and nobody works on it any more.
    fn rests(&self) -> bool {
        matches!(self.state.fetching(), Some(Fetching { background: None, page: None, .. }))
    }

    fn missing(&self) -> Vec<Piece> {
        self.plan.iter().flat_map(Plan::missing).collect()
    }

    fn write_wish(&self, state: WishState, nonce: Option<u64>) -> Effect {
        Effect::WriteWish(Wish { revision: self.revision, state, nonce })
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

/// A background fetch that somebody else has started.
fn joined(now: Millis, active: Active) -> Background {
    let Active { attempt, asked, downloaded } = active;
    Background { attempt, asked, downloaded, joined: true, stage: Stage::Running { since: now }, quiet: None }
}

fn fetching(engine: Engine, silent: bool) -> Fetching {
    Fetching {
        engine,
        hand_over: None,
        silent,
        background: None,
        page: None,
        mismatches: DigestSet::default(),
        trouble: None,
        shown: 0,
        pace: Pace::default(),
    }
}

/// What the browser's own word for an end means, if something is missing after it.
fn cause_of(ending: Ending) -> Option<Cause> {
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
