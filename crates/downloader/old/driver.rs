//! Drives the state machines of `protocol`: carries out effects, and brings back what comes of them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use background_fetch::BackgroundFetch;
use gloo_timers::future::TimeoutFuture;
use piece_store::{StoreError, Turn, TurnOf};
use protocol::download::{
    Background, Button, Choice, Download, Effect, Engine, Event, PageOutcome, Preparing, Settings, Stage,
    StartRefusal, State, Waiting,
};
use protocol::{AttemptId, FromWorker, ModelId, Revision, Wish, WishState};
use wasm_bindgen_futures::spawn_local;
use web_sys::ServiceWorkerRegistration;

use crate::browser::{Device, NoDevice, log, now, window};
use crate::{background, choice, news, page_engine, reload, room, survey};

/// How often progress is shown, in milliseconds. Each time the page is drawn anew, which costs more than anything else does that a
/// page has to do for a download.
const SHOW_EVERY: u64 = 500;

/// How often the tab that works tells the others how far it is, in milliseconds.
const TELL_EVERY: u64 = 500;

/// How often a model that is there, or a part of it, is looked at, in milliseconds: the browser or the person may remove
/// it at any time, and nobody is told.
const LOOK_EVERY: u32 = 15_000;

thread_local! {
    /// Every download that this page shows.
    static DRIVERS: RefCell<Vec<Rc<Driver>>> = const { RefCell::new(Vec::new()) };

    /// Whether this page has begun a background fetch without a click.
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Where in the list of all downloads that of this revision is.
pub(crate) fn place(model: ModelId, revision: Revision) -> usize {
    DRIVERS.with_borrow_mut(|drivers| {
        let is_it = |driver: &Rc<Driver>| {
            let download = driver.download.borrow();
            *download.model() == model && download.revision() == revision
        };
        if let Some(at) = drivers.iter().position(is_it) {
            return at;
        }
        drivers.push(Driver::new(model, revision));
        drivers.len() - 1
    })
}

pub(crate) fn at(place: usize) -> Option<Rc<Driver>> {
    DRIVERS.with_borrow(|drivers| drivers.get(place).cloned())
}

fn drivers() -> Vec<Rc<Driver>> {
    DRIVERS.with_borrow(Clone::clone)
}

pub(crate) fn begin(driver: &Rc<Driver>) {
    if !driver.begun.replace(true) {
        spawn_local(Rc::clone(driver).begin());
    }
}

pub(crate) fn press(driver: &Rc<Driver>, button: Button) {
    if driver.device().is_none() {
        driver.begin_again();
        return;
    }
    driver.dispatch(Event::Clicked(button));
    if matches!(button, Button::Download | Button::Resume) {
        let driver = Rc::clone(driver);
        spawn_local(async move {
            room::ask_to_keep().await;
            driver.look_at_room().await;
        });
    }
}

/// The person chose an engine, for all downloads of this site.
pub fn choose(choice: Choice) {
    choice::remember(choice);
    for driver in drivers() {
        driver.dispatch(Event::Chosen(choice));
    }
}

/// Whether a download of this site is under way: of this page, of another one, or of the browser's.
pub async fn is_busy(registration: &ServiceWorkerRegistration) -> bool {
    if drivers().iter().any(|driver| driver.with(Download::is_busy)) {
        return true;
    }
    // Where nobody can be asked, nobody is known to be.
    if let Ok(background) = BackgroundFetch::of(registration)
        && background.get_ids().await.is_ok_and(|ids| !ids.is_empty())
    {
        return true;
    }
    Turn::is_any_page_engine_at_work().await.unwrap_or(false)
}

/// Hands a message of the worker's, or of another page, to the downloads it concerns.
pub(crate) fn deliver(message: &FromWorker) {
    for driver in drivers() {
        let (model, revision) = driver.identity();
        let is_of = |attempt: &AttemptId| attempt.model == model && attempt.revision == revision;
        let event = match message.clone() {
            // Models share pieces, so everybody hears of it.
            FromWorker::Admitted { digest } => Some(Event::Admitted(digest)),
            // Of one that this page has ended itself, every piece that had not come is refused: no trouble of ours.
            FromWorker::Refused { attempt, digest, refusal } => driver
                .with(|download| download.background().is_some_and(|ours| ours.attempt == attempt))
                .then_some(Event::Refused { digest, refusal }),
            FromWorker::Finished { attempt, ending } => {
                is_of(&attempt).then_some(Event::WorkerFinished { attempt, ending })
            }
            FromWorker::Progress { model: theirs, revision: of, in_flight } => {
                ((theirs, of) == (model, revision)).then_some(Event::ElsewhereProgress { in_flight })
            }
            FromWorker::Changed { model: changed } => (changed == model).then_some(Event::Changed),
        };
        if let Some(event) = event {
            driver.dispatch(event);
        }
    }
}

/// All downloads look at the device again: the page was out of sight, and messages may have been missed.
pub(crate) fn look_again() {
    for driver in drivers() {
        driver.dispatch(Event::Changed);
    }
}

/// Does something to the store that nobody else may do at the same time.
pub(crate) async fn in_turn(work: impl Future<Output = Result<(), StoreError>>) -> Result<(), StoreError> {
    let _turn = Turn::wait(TurnOf::Store, None).await?;
    work.await
}

/// One download of this page.
pub(crate) struct Driver {
    download: RefCell<Download>,
    /// Whom to tell of changes, as long as they say so.
    told_of_changes: RefCell<Vec<Box<dyn Fn() -> bool>>>,
    begun: Cell<bool>,
    /// Whether the person has pressed a button while there was no device.
    pressed: Cell<bool>,
    /// Which engine this download is to use, if that was said of it alone.
    own_choice: Cell<Option<Choice>>,
    device: RefCell<Option<Device>>,
    /// The background fetch that is being followed.
    followed: RefCell<Option<AttemptId>>,
    ticking: Cell<bool>,
    looking: Cell<bool>,
    /// When progress was last shown.
    shown: Cell<u64>,
    /// When the other tabs were last told how far this one is.
    told: Cell<u64>,
    page_run: RefCell<Option<page_engine::Run>>,
}

impl Driver {
    fn new(model: ModelId, revision: Revision) -> Rc<Self> {
        // The engine is not known yet; whoever looks at the device replaces this.
        let (download, _) = Download::new(model, revision, Engine::Page, Settings::default());
        Rc::new(Self {
            download: RefCell::new(download),
            told_of_changes: RefCell::default(),
            begun: Cell::default(),
            pressed: Cell::default(),
            own_choice: Cell::default(),
            device: RefCell::default(),
            followed: RefCell::default(),
            ticking: Cell::default(),
            looking: Cell::default(),
            shown: Cell::default(),
            told: Cell::default(),
            page_run: RefCell::default(),
        })
    }

    async fn begin(self: Rc<Self>) {
        let (model, revision) = self.identity();
        match Device::open().await {
            Ok(device) => {
                news::listen();
                let (download, effects) =
                    Download::new(model, revision, device.engine(), Settings::default());
                self.device.replace(Some(device));
                self.replace(download);
                self.dispatch(Event::Chosen(self.own_choice.get().unwrap_or_else(choice::remembered)));
                // The first look may begin a fetch, which has to fit.
                self.look_at_room().await;
                self.carry_out(effects);
            }
            Err(NoDevice::Lacks(lack)) => self.replace(Download::unsupported(model, revision, lack)),
            Err(NoDevice::Failed(cause)) => self.replace(Download::unopened(model, revision, cause)),
        }
    }

    /// The person presses what is offered where the device could not be opened.
    fn begin_again(self: &Rc<Self>) {
        // Else it is being opened, or never can be.
        if self.with(|download| matches!(download.state(), State::Interrupted(_))) {
            self.pressed.set(true);
            let (model, revision) = self.identity();
            let (unknown, _) = Download::new(model, revision, Engine::Page, Settings::default());
            self.replace(unknown);
            spawn_local(Rc::clone(self).begin());
        }
    }

    pub(crate) fn identity(&self) -> (ModelId, Revision) {
        self.with(|download| (download.model().clone(), download.revision()))
    }

    pub(crate) fn device(&self) -> Option<Device> {
        self.device.borrow().clone()
    }

    /// Reads the download.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Download) -> T) -> T {
        read(&self.download.borrow())
    }

    fn replace(&self, download: Download) {
        self.download.replace(download);
        self.tell_of_change();
    }

    pub(crate) fn on_change(&self, told: Box<dyn Fn() -> bool>) {
        self.told_of_changes.borrow_mut().push(told);
    }

    fn tell_of_change(&self) {
        self.told_of_changes.borrow_mut().retain(|told| told());
    }

    /// Says which engine this download is to use, whatever was chosen for all.
    pub(crate) fn choose(self: &Rc<Self>, choice: Choice) {
        self.own_choice.set(Some(choice));
        self.dispatch(Event::Chosen(choice));
    }

    async fn look_at_room(self: &Rc<Self>) {
        let Some(device) = self.device() else { return };
        let room = room::look(&device, &self.identity().0).await;
        self.dispatch(Event::Room(room));
    }

    /// Tells the state machine what happened, and does what it says.
    pub(crate) fn dispatch(self: &Rc<Self>, event: Event) {
        if let Event::PageProgress { in_flight } = event
            && now() >= self.told.get() + TELL_EVERY
        {
            self.told.set(now());
            let (model, revision) = self.identity();
            news::tell(&FromWorker::Progress { model, revision, in_flight });
        }
        let is_progress = matches!(
            event,
            Event::PageProgress { .. } | Event::Progress { .. } | Event::ElsewhereProgress { .. }
        );
        let effects = self.download.borrow_mut().handle(now(), event);
        // What is not shown now is with the next tick.
        if !is_progress || now() >= self.shown.get() + SHOW_EVERY {
            self.shown.set(now());
            self.tell_of_change();
        }
        self.carry_out(effects);
    }

    fn carry_out(self: &Rc<Self>, effects: Vec<Effect>) {
        self.follow_background();
        self.tick_while_busy();
        self.look_while_at_rest();
        if effects.is_empty() {
            return;
        }
        if effects.iter().any(|effect| matches!(effect, Effect::StartPage { .. }))
            && let Some(earlier) = self.page_run.take()
        {
            // At once: the end of that run would be taken for the end of the next one.
            earlier.replace();
        }
        let driver = Rc::clone(self);
        // In their order: a wish is stored before the fetch it speaks of is started.
        spawn_local(async move {
            for effect in effects {
                driver.perform(effect).await;
            }
        });
    }

    async fn perform(self: &Rc<Self>, effect: Effect) {
        let Some(device) = self.device() else { return };
        let (model, revision) = self.identity();
        match effect {
            Effect::Survey { epoch } => {
                let event = match survey::survey(&device, &model, revision).await {
                    Ok(survey) => Event::Surveyed { epoch, survey },
                    Err(error) => {
                        log("the store could not be read", &error.to_string().into());
                        Event::SurveyFailed
                    }
                };
                self.dispatch(event);
                // Both are asked once only.
                let reloaded = reload::was_for(&model);
                if self.pressed.take() || reloaded {
                    self.go_on();
                }
            }
            Effect::Prepare => {
                let event = match survey::prepare(&device, &model, revision).await {
                    Ok(survey) => Event::Prepared(survey),
                    Err(cause) => Event::PrepareFailed(cause),
                };
                self.dispatch(event);
            }
            Effect::Renew => match survey::renew(&device, &model, revision, || self.is_preparing()).await {
                // A new page takes over from here.
                Ok(true) => {}
                Ok(false) => Box::pin(self.perform(Effect::Prepare)).await,
                Err(cause) => self.dispatch(Event::PrepareFailed(cause)),
            },
            Effect::StartBackground { attempt, pieces } => {
                let silent = self.with(|download| download.state().fetching().is_some_and(|f| f.silent));
                // The browser allows one start without a click; a second one could cost the permission.
                let started = match silent && SILENT.replace(true) {
                    true => Err(StartRefusal::NotAllowed),
                    false => background::start(&device, &attempt, &pieces).await,
                };
                let event = match started {
                    Ok(()) => {
                        news::tell(&FromWorker::Changed { model });
                        Event::Started(attempt)
                    }
                    Err(refusal) => Event::StartRefused { attempt, refusal },
                };
                self.dispatch(event);
            }
            Effect::StartPage { pieces } => {
                let is_wanted = |download: &Download| match download.state() {
                    State::Fetching(fetching) => fetching.page.is_some(),
                    _ => false,
                };
                if !self.with(is_wanted) {
                    // Stopped while this waited for what came before it.
                    return;
                }
                news::tell(&FromWorker::Changed { model });
                let run = page_engine::start(self, device, pieces);
                if let Some(earlier) = self.page_run.replace(Some(run)) {
                    earlier.replace();
                }
            }
            Effect::StopPage => {
                let stopped = self.page_run.borrow().as_ref().map(page_engine::Run::stop);
                if stopped.is_none() {
                    // It has not been started yet, and will not be.
                    self.dispatch(Event::PageFinished(PageOutcome::Stopped));
                }
            }
            Effect::Abort { attempt } => background::abort(&device, &attempt).await,
            Effect::WriteWish(wish) => self.write_wish(&device, &wish).await,
            Effect::Discard => {
                survey::abort(&device, &model, |attempt| attempt.revision == revision).await;
                self.removed(model.clone(), async { device.store.discard(&model, revision).await }).await;
            }
            Effect::Delete => {
                survey::abort(&device, &model, |_| true).await;
                self.removed(model.clone(), async { device.store.remove(&model).await }).await;
            }
            Effect::Completed => {
                // The model is ready whatever comes of this.
                let fulfilled = in_turn(async { device.store.fulfil(&model, revision).await }).await;
                if let Err(error) = fulfilled {
                    log("older revisions could not be removed", &error.to_string().into());
                }
                news::tell(&FromWorker::Changed { model });
                self.look_at_room().await;
                // Another model may have been removed meanwhile, and pieces with it that were counted here.
                self.dispatch(Event::Changed);
            }
        }
    }

    /// Whether the person still wants what is being prepared.
    fn is_preparing(&self) -> bool {
        self.with(|download| *download.state() == State::Preparing(Preparing::Working))
    }

    /// The person has asked for this already: before the page was loaded again, or before there was anything to ask.
    fn go_on(self: &Rc<Self>) {
        let first = self.with(|download| download.buttons().first().copied());
        // Else it is there, or goes on already.
        if let Some(button @ (Button::Download | Button::Resume)) = first {
            press(self, button);
        }
    }

    async fn write_wish(&self, device: &Device, wish: &Wish) {
        let (model, _) = self.identity();
        // Another tab may be the one that fetches: it stops when it reads this.
        let stopped = wish.state == WishState::Stopped;
        // Without the wish the download goes on all the same; only a later page would not know of it.
        if let Err(error) = device.store.put_wish(&model, wish).await {
            log("the wish could not be stored", &error.to_string().into());
        }
        if stopped {
            news::tell(&FromWorker::Changed { model });
        }
    }

    async fn removed(
        self: &Rc<Self>,
        model: ModelId,
        removing: impl Future<Output = Result<(), StoreError>>,
    ) {
        let event = match in_turn(removing).await {
            Ok(()) => Event::Removed,
            Err(error) => {
                log("the model could not be removed", &error.to_string().into());
                Event::RemoveFailed
            }
        };
        self.dispatch(event);
        news::tell(&FromWorker::Changed { model });
        self.look_at_room().await;
    }

    /// Follows the background fetch that the state speaks of, if nobody does yet.
    fn follow_background(self: &Rc<Self>) {
        let running = self.with(|download| match download.background()? {
            Background { attempt, stage: Stage::Running { .. }, .. } => Some(attempt.clone()),
            Background { stage: Stage::Asked { .. } | Stage::Settling { .. }, .. } => None,
        });
        if running.is_some() && *self.followed.borrow() != running {
            self.followed.replace(running.clone());
            if let (Some(attempt), Some(device)) = (running, self.device()) {
                let driver = Rc::clone(self);
                spawn_local(async move {
                    let end = background::follow(&driver, &device, &attempt).await;
                    // It may turn out to be running after all.
                    if driver.followed.borrow().as_ref() == Some(&attempt) {
                        driver.followed.take();
                    }
                    if let Some(ending) = end {
                        driver.dispatch(Event::Ended { attempt, ending });
                    }
                });
            }
        }
    }

    fn tick_while_busy(self: &Rc<Self>) {
        if !self.with(Download::is_busy) || self.ticking.replace(true) {
            return;
        }
        let driver = Rc::clone(self);
        spawn_local(async move {
            while driver.with(Download::is_busy) {
                TimeoutFuture::new(1_000).await;
                let waiting = if !window().navigator().on_line() {
                    Some(Waiting::Offline)
                } else {
                    background::is_queued(&driver).await.then_some(Waiting::Queued)
                };
                driver.dispatch(Event::Tick { waiting });
            }
            driver.ticking.set(false);
            // Busy again in between? Then somebody found the ticker still running.
            driver.tick_while_busy();
        });
    }

    fn look_while_at_rest(self: &Rc<Self>) {
        let is_at_rest = |driver: &Self| {
            driver.with(|download| matches!(download.state(), State::Ready | State::Interrupted(_)))
        };
        if !is_at_rest(self) || self.looking.replace(true) {
            return;
        }
        let driver = Rc::clone(self);
        spawn_local(async move {
            while is_at_rest(&driver) {
                TimeoutFuture::new(LOOK_EVERY).await;
                driver.dispatch(Event::Changed);
            }
            driver.looking.set(false);
            driver.look_while_at_rest();
        });
    }
}
