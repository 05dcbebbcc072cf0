//! Drives the state machine of one download: passes events to it, and carries out its effects in order.

mod effects;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use piece_store::Pieces as _;
use protocol::download::{
    Background, Choice, Download, Effect, Event, Millis, PageEvent, Settings, Stage, Waiting,
};
use protocol::{AttemptId, BroadcastMessage, Intent, Manifest, ModelId, Revision, TextForm as _};

use crate::context::DownloadContext;
use crate::ports::{Broadcast as _, Device, Memory, Page, Runtime as _};
use crate::shared::Shared;
use crate::{background, page_engine, watch};

/// How often progress is shown. Drawing the page costs more than anything else that a page does for a download.
const SHOW_EVERY: Millis = 500;

/// How often the tab that works tells the others how far it is.
const TELL_EVERY: Millis = 500;

/// How often a download under way is looked after.
const TICK: Millis = 1_000;

/// One download of this page.
pub(crate) struct Driver<G: Page> {
    shared: Rc<Shared<G>>,
    download: RefCell<Download>,
    /// Functions to call after changes, for as long as they return `true`.
    subscribers: RefCell<Vec<Rc<dyn Fn() -> bool>>>,
    begun: Cell<bool>,
    /// The engine chosen for this download alone, if any.
    own_choice: Cell<Option<Choice>>,
    /// How many calls want it.
    pub(crate) callers: Cell<u32>,
    /// What is to be done, one after the other.
    queue: RefCell<VecDeque<Task>>,
    working: Cell<bool>,
    /// A survey that is asked for, by its epoch.
    survey: Cell<Option<u64>>,
    surveying: Cell<bool>,
    /// The background fetch that is being followed.
    followed: RefCell<Option<AttemptId>>,
    ticking: Cell<bool>,
    /// When progress was last shown.
    shown: Cell<Millis>,
    /// When the other tabs were last told how far this one is.
    told: Cell<Millis>,
    page_run: RefCell<Option<(u64, page_engine::Run)>>,
    /// The intent that the last look found, if there was one.
    seen: Cell<Option<Option<Intent>>>,
}

/// Something to be done in its turn.
enum Task {
    /// What the state machine asked for.
    Effect(Effect),
    /// The second half of [`Effect::Prepare`].
    Prepare(Box<Manifest>),
    /// The second half of [`Effect::Renew`]: the server has this revision now.
    Renew(Revision),
}

impl<G: Page> DownloadContext<G> for Driver<G> {
    fn page(&self) -> &G {
        &self.shared.page
    }

    fn device(&self) -> Option<Device<G::Ports>> {
        self.shared.device()
    }

    fn download(&self) -> &RefCell<Download> {
        &self.download
    }

    fn report(self: Rc<Self>, event: Event) {
        self.dispatch(event);
    }

    fn tell(&self, message: BroadcastMessage) {
        if let Some(device) = self.device() {
            self.runtime().spawn(async move { device.broadcast.send(&message).await });
        }
    }

    fn replace_seen(&self, intent: Option<Intent>) -> Option<Option<Intent>> {
        self.seen.replace(Some(intent))
    }
}

impl<G: Page> Driver<G> {
    pub(crate) fn new(shared: Rc<Shared<G>>, model: ModelId, revision: Revision) -> Self {
        Self {
            shared,
            download: RefCell::new(Download::new(model, revision, Settings::default())),
            subscribers: RefCell::default(),
            begun: Cell::default(),
            own_choice: Cell::default(),
            callers: Cell::default(),
            queue: RefCell::default(),
            working: Cell::default(),
            survey: Cell::default(),
            surveying: Cell::default(),
            followed: RefCell::default(),
            ticking: Cell::default(),
            shown: Cell::default(),
            told: Cell::default(),
            page_run: RefCell::default(),
            seen: Cell::default(),
        }
    }

    pub(crate) fn is_of(&self, model: &ModelId, revision: Revision) -> bool {
        self.with(|download| download.model() == model && download.revision() == revision)
    }

    /// Reads the download.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Download) -> T) -> T {
        read(&self.download.borrow())
    }

    pub(crate) fn on_change(&self, told: Rc<dyn Fn() -> bool>) {
        self.subscribers.borrow_mut().push(told);
    }

    fn tell_of_change(&self) {
        // Subscribers may subscribe anew while they are called, so nothing is borrowed meanwhile.
        let subscribers = self.subscribers.take();
        let staying = subscribers.into_iter().filter(|told| told());
        let mut staying: Vec<_> = staying.collect();
        let subscribers = &mut *self.subscribers.borrow_mut();
        staying.append(subscribers);
        *subscribers = staying;
    }

    pub(crate) fn begin(self: &Rc<Self>) {
        if self.begun.replace(true) {
            return;
        }
        let remembered = || {
            let word = self.page().remembered(Memory::Engine)?;
            Choice::from_text(&word)
        };
        let choice = self.own_choice.get().or_else(remembered).unwrap_or_default();
        self.dispatch(Event::Chosen(choice));
        let (model, _) = self.identity();
        if self.page().remembered(Memory::Reload).is_some_and(|reload| reload == model.to_string()) {
            self.page().remember(Memory::Reload, None);
            self.dispatch(Event::Reloaded);
        }
        self.enqueue(Task::Effect(Effect::Open));
    }

    pub(crate) fn load_again(&self) -> bool {
        if !self.device().is_some_and(|device| device.store.pieces().is_unresponsive()) {
            return false;
        }
        let (model, _) = self.identity();
        // Without this it takes one more click.
        self.page().remember(Memory::Reload, Some(&model.to_string()));
        self.page().reload()
    }

    /// Says which engine this download is to use, whatever was chosen for all.
    pub(crate) fn choose(self: &Rc<Self>, choice: Choice) {
        self.own_choice.set(Some(choice));
        self.dispatch(Event::Chosen(choice));
    }

    /// Tells the state machine what happened, and has its effects carried out.
    pub(crate) fn dispatch(self: &Rc<Self>, event: Event) {
        let now = self.runtime().now();
        let mut is_progress = matches!(event, Event::Progress { .. } | Event::ElsewhereProgress { .. });
        if let Event::Page { event: PageEvent::Progress { in_flight }, .. } = event {
            is_progress = true;
            if now >= self.told.get() + TELL_EVERY {
                self.told.set(now);
                let (model, revision) = self.identity();
                self.tell(BroadcastMessage::Progress { model, revision, in_flight });
            }
        }
        let effects = self.download.borrow_mut().handle(now, event);
        // What is not shown now is shown with the next tick.
        if !is_progress || now >= self.shown.get() + SHOW_EVERY {
            self.shown.set(now);
            self.tell_of_change();
        }
        for effect in effects {
            self.enqueue(Task::Effect(effect));
        }
        self.follow_background();
        self.tick_while_busy();
        watch::watch(&self.shared);
    }

    fn enqueue(self: &Rc<Self>, task: Task) {
        self.queue.borrow_mut().push_back(task);
        if self.working.replace(true) {
            return;
        }
        let driver = Rc::clone(self);
        self.runtime().spawn(async move {
            loop {
                let next = driver.queue.borrow_mut().pop_front();
                let Some(task) = next else { break };
                effects::carry_out(&driver, task).await;
            }
            driver.working.set(false);
        });
    }

    /// Follows the background fetch of the state, unless it is followed already.
    fn follow_background(self: &Rc<Self>) {
        let running = self.with(|download| match download.background()? {
            Background { attempt, stage: Stage::Running { .. }, .. } => Some(attempt.clone()),
            Background { stage: Stage::Asked { .. } | Stage::Settling { .. }, .. } => None,
        });
        let (Some(attempt), Some(device)) = (running, self.device()) else { return };
        if self.followed.borrow().as_ref() == Some(&attempt) {
            return;
        }
        self.followed.replace(Some(attempt.clone()));
        let driver = Rc::clone(self);
        self.runtime().spawn(async move {
            let end = background::follow(driver.clone(), &device, &attempt).await;
            // It may turn out to be running after all.
            if driver.followed.borrow().as_ref() == Some(&attempt) {
                driver.followed.take();
            }
            if let Some(ending) = end {
                driver.dispatch(Event::Ended { attempt, ending });
            }
        });
    }

    fn tick_while_busy(self: &Rc<Self>) {
        if !self.with(Download::is_busy) || self.ticking.replace(true) {
            return;
        }
        let driver = Rc::clone(self);
        self.runtime().spawn(async move {
            while driver.with(Download::is_busy) {
                driver.runtime().sleep(TICK).await;
                let waiting = if driver.page().is_online() {
                    background::is_queued(&*driver).await.then_some(Waiting::Queued)
                } else {
                    Some(Waiting::Offline)
                };
                driver.dispatch(Event::Tick { waiting });
            }
            driver.ticking.set(false);
            // The download may run again by now; then its start found this ticker still running.
            driver.tick_while_busy();
        });
    }
}
