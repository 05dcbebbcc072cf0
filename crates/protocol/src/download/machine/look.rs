//! Results of a survey: what is stored, and whether the model is ready.

use super::Download;
use crate::IntentState;
use crate::download::{Activity, Cause, Effect, Engine, Millis, Plan, Preparing, Start, State, Survey};

impl Download {
    pub(super) fn survey(&self) -> Effect {
        Effect::Survey { epoch: self.epoch }
    }

    pub(super) fn surveyed(&mut self, now: Millis, epoch: u64, survey: Survey) -> Vec<Effect> {
        let idle =
            matches!(self.state, State::Unknown | State::Absent | State::Interrupted(_) | State::Ready);
        if idle && epoch < self.epoch {
            // It began before the latest thing that the user or the device did: look again.
            return vec![self.survey()];
        }
        let Survey { plan, intent, activity, older, readable, page_elsewhere } = survey;
        self.older = older;
        self.readable = readable;
        // A run of this page has that turn too.
        let runs = self.state.fetching().is_some_and(|fetching| fetching.page.is_some());
        self.page_elsewhere = page_elsewhere && !runs;
        let of_another = intent.filter(|intent| intent.revision != self.revision).map(|intent| intent.state);
        let intent = intent.filter(|intent| intent.revision == self.revision);
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
                    let mut effects = self.stop(Cause::Evicted);
                    effects.extend(self.conclude(now));
                    return effects;
                }
                if intent.is_some_and(|intent| intent.state == IntentState::Active && intent.nonce.is_none())
                    && let State::Fetching(fetching) = &mut self.state
                    && fetching.trouble == Some(Cause::Cancelled)
                {
                    // Not by the user: another page has taken over, and the intent names no attempt since.
                    fetching.trouble = None;
                }
                let stopped = intent.is_some_and(|intent| intent.state == IntentState::Stopped);
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
                match activity {
                    Activity::Running(active) => self.still_active(now, active),
                    // It began before another page's background fetch that refused ours.
                    Activity::Idle if epoch < self.epoch && self.is_without_engine() => vec![self.survey()],
                    Activity::Idle => self.no_longer_active(now),
                    // What was under way for this page is over, and the page's own engine can go on whatever else is.
                    Activity::Unknown if self.is_without_engine() => self.conclude(now),
                    // The next tick asks again.
                    Activity::Unknown => Vec::new(),
                }
            }
            State::Unknown | State::Absent | State::Interrupted(_) | State::Ready => {
                let had_plan = self.plan.is_some();
                self.take_plan(epoch, plan);
                if self.plan.is_none() {
                    return self.settle_absent(had_plan, intent.map(|intent| intent.state));
                }
                if of_another == Some(IntentState::Active)
                    && activity == Activity::Idle
                    && !self.is_complete()
                {
                    // On another page, which has seen that the server has something else by now.
                    return self.interrupt(Cause::Gone);
                }
                // An intent for another revision says nothing of a fetch that the browser works on for this one.
                let is_idle = activity == Activity::Idle;
                let stands = intent.map(|intent| intent.state).or(of_another.filter(|_| is_idle));
                self.settle_idle(now, stands, activity)
            }
        }
    }

    /// Where an idle download stands whose manifest is not stored.
    fn settle_absent(&mut self, had_plan: bool, intent: Option<IntentState>) -> Vec<Effect> {
        if self.state == State::Unknown && intent == Some(IntentState::Active) {
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
    fn settle_idle(&mut self, now: Millis, intent: Option<IntentState>, activity: Activity) -> Vec<Effect> {
        if self.is_complete() {
            return Vec::new();
        }
        match (activity, intent) {
            // The user stopped it, and the page was closed before the browser aborted the fetch.
            (Activity::Running(active), Some(IntentState::Stopped)) => {
                if !matches!(self.state, State::Interrupted(cause) if cause.is_lasting()) {
                    self.state = State::Interrupted(Cause::Cancelled);
                }
                vec![Effect::Abort { attempt: active.attempt }]
            }
            // The browser has gone on without us, or another page has started it.
            (Activity::Running(active), _) => {
                if self.state == State::Unknown {
                    self.attached = Some(now);
                }
                self.attach(now, active)
            }
            // A second background fetch would bring everything twice: only a click begins here.
            (Activity::Unknown, Some(IntentState::Active)) => self.interrupt(Cause::Browser),
            (Activity::Idle, Some(IntentState::Active)) => match self.state {
                State::Unknown => self.begin(now, Start::Silent),
                // Another tab has started it: this one takes its place behind it.
                State::Absent | State::Interrupted(Cause::Cancelled)
                    if self.engine == Engine::Page || self.page_elsewhere =>
                {
                    self.begin(now, Start::Silent)
                }
                State::Interrupted(_) => Vec::new(),
                _ => self.interrupt(Cause::Browser),
            },
            (Activity::Idle | Activity::Unknown, Some(IntentState::Stopped)) => match self.state {
                // This page knows the reason better.
                State::Interrupted(cause) if cause.is_lasting() => Vec::new(),
                _ => self.interrupt(Cause::Cancelled),
            },
            // The intent is dropped when a model is complete, so it has been complete.
            (Activity::Idle | Activity::Unknown, None) => self.interrupt(Cause::Evicted),
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

    /// Says what has to be ended because it is not needed any more.
    pub(super) fn derive_ready(&mut self, seen_complete: bool) -> Vec<Effect> {
        let deciding = matches!(self.state, State::Unsupported(_) | State::Preparing(_) | State::Removing);
        let mut left_over = Vec::new();
        if self.is_complete() && !deciding {
            if !seen_complete {
                return left_over;
            }
            if let (Some(fetching), Some(plan)) = (self.state.fetching(), &self.plan) {
                left_over.extend(fetching.page.as_ref().map(|page| Effect::StopPage { run: page.run }));
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

    /// Whether all pieces have been admitted, but no look at the store has found them there.
    pub(super) fn is_claimed(&self) -> bool {
        let other = matches!(
            self.state,
            State::Ready | State::Preparing(_) | State::Removing | State::Unsupported(_)
        );
        self.is_complete() && !other
    }
}
