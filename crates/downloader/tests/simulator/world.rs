//! The simulated browser with its tabs and its worker, and the actions of users and of chance.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use downloader::ports::{Lifecycle, OpenError};
use downloader::{DownloadHandle, Downloads, on_fetch_complete};
use piece_store::{LockName, Locks as _, MemoryLocks, MemoryOrigin};
use protocol::download::{Button, Download, Plan, Stage, StartRefusal, State};
use protocol::{BroadcastMessage, Manifest, ModelId, routes};

use super::executor::{ContextId, Executor};
use super::fetches::{Fetch, SimRegistration, fail_after_restart};
use super::page::{SimPage, device};
use super::server::Server;
use super::waste::Waste;

/// What belongs to the browser itself.
pub const BROWSER: ContextId = ContextId(0);

/// The browser, its network and the server. A clone is the same.
#[derive(Clone)]
pub struct World(pub Rc<Inner>);

pub struct Inner {
    executor: Executor,
    server: Server,
    origin: Rc<MemoryOrigin>,
    locks: MemoryLocks,
    numbers: Cell<u64>,
    background: bool,
    worker: Cell<ContextId>,
    pub fetches: RefCell<Vec<Rc<Fetch>>>,
    /// Ended, and the browser has not told the worker yet.
    pub ending: RefCell<Vec<Rc<Fetch>>>,
    /// Ended, with the worker at their records.
    ended: RefCell<Vec<Rc<Fetch>>>,
    pub starts: Cell<u32>,
    /// Questions about background fetches fail.
    pub fetches_unknown: Cell<bool>,
    pub start_refusal: Cell<Option<StartRefusal>>,
    /// The browser asks the user, who does not answer.
    pub asks_user: Cell<bool>,
    pub open_error: Cell<Option<OpenError>>,
    pub storage_fails: Cell<bool>,
    /// Bytes that may be stored.
    pub quota: Cell<Option<u64>>,
    pub says_room: Cell<bool>,
    pub disk_delay: Cell<u64>,
    /// Messages are of another version.
    pub other_version: Cell<bool>,
    pub handed_over: Cell<u32>,
    pub local: RefCell<Option<String>>,
    /// Pages that the caches do not answer any more, each with whether they answer nobody else until it ends.
    silent: RefCell<BTreeMap<ContextId, Silence>>,
    /// Pages and workers that have waited for them in vain.
    pub unresponsive: RefCell<BTreeSet<ContextId>>,
    /// Pages that have opened the store.
    pub opened: RefCell<BTreeSet<ContextId>>,
    /// When there was a navigation last.
    pub navigated: Cell<u64>,
    /// How often a fault was in the way of storing.
    pub storage_faults: Cell<u64>,
    waste: Waste,
    /// When something was removed last that could be read, and how often that was.
    removed: Cell<(u64, u64)>,
    tabs: RefCell<Vec<Rc<Tab>>>,
    logging: bool,
    log: RefCell<Vec<String>>,
}

/// Whom the caches do not answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Silence {
    Page,
    Origin,
}

/// A tab of the browser, with the page of one model in it.
pub struct Tab {
    pub number: u32,
    pub model: ModelId,
    context: Cell<ContextId>,
    download: RefCell<Option<(Downloads<SimPage>, DownloadHandle<SimPage>)>>,
    pub listeners: RefCell<Vec<Rc<dyn Fn(Option<BroadcastMessage>)>>>,
    pub lifecycle: RefCell<Vec<(u64, Rc<dyn Fn(Lifecycle)>)>>,
    pub session: RefCell<Option<String>>,
}

impl World {
    pub fn new(seed: u64, background: bool) -> Self {
        let executor = Executor::new(seed);
        Self(Rc::new(Inner {
            server: Server::new(&executor),
            executor,
            origin: Rc::default(),
            locks: MemoryLocks::default(),
            numbers: Cell::new(10),
            background,
            worker: Cell::new(ContextId(1)),
            fetches: RefCell::default(),
            ending: RefCell::default(),
            ended: RefCell::default(),
            starts: Cell::default(),
            fetches_unknown: Cell::default(),
            start_refusal: Cell::default(),
            asks_user: Cell::default(),
            open_error: Cell::default(),
            storage_fails: Cell::default(),
            quota: Cell::default(),
            says_room: Cell::default(),
            disk_delay: Cell::new(4),
            other_version: Cell::default(),
            handed_over: Cell::default(),
            local: RefCell::default(),
            silent: RefCell::default(),
            unresponsive: RefCell::default(),
            opened: RefCell::default(),
            navigated: Cell::default(),
            storage_faults: Cell::default(),
            waste: Waste::default(),
            removed: Cell::default(),
            tabs: RefCell::default(),
            logging: std::env::var_os("SIMULATOR_LOG").is_some(),
            log: RefCell::default(),
        }))
    }

    pub fn executor(&self) -> &Executor {
        &self.0.executor
    }

    pub fn server(&self) -> &Server {
        &self.0.server
    }

    pub fn origin(&self) -> &Rc<MemoryOrigin> {
        &self.0.origin
    }

    pub fn locks(&self) -> MemoryLocks {
        self.0.locks.clone()
    }

    pub fn waste(&self) -> &Waste {
        &self.0.waste
    }

    pub fn has_background(&self) -> bool {
        self.0.background
    }

    pub fn number(&self) -> u64 {
        self.0.numbers.set(self.0.numbers.get() + 1);
        self.0.numbers.get()
    }

    fn new_context(&self) -> ContextId {
        ContextId(self.number() as u32)
    }

    pub fn log(&self, line: impl FnOnce() -> String) {
        if self.0.logging {
            eprintln!("{:>9} {}", self.executor().now(), line());
        }
    }

    /// How much room is left.
    pub fn room(&self) -> Option<u64> {
        Some(self.0.quota.get()?.saturating_sub(self.origin().usage()))
    }

    /// The caches do not answer this page any more, as after site data were cleared while it wrote.
    pub fn silence(&self, tab: &Tab, whom: Silence) {
        self.storage_fault();
        self.0.silent.borrow_mut().insert(tab.context.get(), whom);
    }

    /// They answer it again.
    pub fn answer(&self, tab: &Tab) {
        self.0.silent.borrow_mut().remove(&tab.context.get());
    }

    pub fn is_silent(&self, context: ContextId) -> bool {
        let silent = self.0.silent.borrow();
        silent.contains_key(&context) || silent.values().any(|whom| *whom == Silence::Origin)
    }

    pub fn is_tab_silent(&self, tab: &Tab) -> bool {
        self.is_silent(tab.context.get())
    }

    /// Whether the page in a tab has opened the store.
    pub fn has_opened(&self, tab: &Tab) -> bool {
        self.0.opened.borrow().contains(&tab.context.get())
    }

    pub fn is_any_silent(&self) -> bool {
        !self.0.silent.borrow().is_empty()
    }

    /// Whether the model that a tab speaks of is stored: its manifest, and every piece. Pieces may be left over without it: it was
    /// cleared while they were on their way, or removed while another model has them, too.
    pub fn is_complete(&self, tab: &Tab) -> bool {
        let revision = tab.handle().with(Download::revision);
        let manifest = self.server().manifest(&tab.model, revision);
        manifest.is_some_and(|manifest| {
            self.origin().has_document(&routes::manifest(&tab.model, revision))
                && manifest.pieces().iter().all(|piece| self.origin().is_readable(&piece.digest))
        })
    }

    pub fn storage_fault(&self) {
        self.0.storage_faults.set(self.0.storage_faults.get() + 1);
    }

    fn is_storage_faulty(&self) -> bool {
        self.0.storage_fails.get() || self.0.quota.get().is_some() || !self.0.silent.borrow().is_empty()
    }

    /// How long nothing was removed that could be read.
    pub fn unchanged_for(&self) -> u64 {
        self.note_removals();
        self.executor().now() - self.0.removed.get().0
    }

    fn note_removals(&self) {
        let removals = self.origin().removals();
        if self.0.removed.get().1 != removals {
            self.0.removed.set((self.executor().now(), removals));
        }
    }

    /// Somebody navigates.
    pub fn navigate(&self) {
        self.0.navigated.set(self.executor().now());
    }

    // ---- the worker ----

    pub fn worker(&self) -> ContextId {
        self.0.worker.get()
    }

    /// Stops the worker in the middle of whatever it does. The browser does not repeat an event.
    pub fn kill_worker(&self) {
        self.log(|| "the worker is stopped".to_owned());
        self.executor().kill(self.worker());
        self.0.worker.set(self.new_context());
        if self.0.handed_over.replace(0) > 0 {
            self.may_waste(self.unsaved(), "parts that the worker did not store");
        }
        for fetch in self.0.ended.take() {
            self.may_waste(fetch.only_here(self), "records that the worker did not store");
            fetch.lose_records();
        }
    }

    /// Tells the worker that a background fetch has ended.
    pub fn complete(&self, fetch: &Rc<Fetch>) {
        self.0.ended.borrow_mut().push(Rc::clone(fetch));
        let (world, fetch, context) = (self.clone(), Rc::clone(fetch), self.worker());
        let faults = self.0.storage_faults.get();
        self.executor().spawn(context, async move {
            // A page that looks at the store does not know that this fetch has ended, and what it has brought is not stored.
            let looks = world.locks().is_taken(LockName::Recovery(&fetch.attempt.model)).await == Ok(true);
            let together = world.executor().now() < fetch.started + world.moment();
            if looks
                || together
                || world.tabs().iter().any(|tab| tab.model == fetch.attempt.model && tab.begins())
            {
                world.may_waste(fetch.total(&world), "ended while somebody looked");
            }
            let registration = SimRegistration { world: world.clone(), fetch: Rc::clone(&fetch) };
            let ready =
                on_fetch_complete(&device(&world, context, None), &registration, &fetch.attempt).await;
            world.log(|| format!("the worker is done: {ready:?}"));
            if world.is_storage_faulty() || world.0.storage_faults.get() != faults {
                world.may_waste(fetch.only_here(&world), "records that could not be stored");
            }
            fetch.lose_records();
        });
    }

    pub fn fetches(&self) -> Vec<Rc<Fetch>> {
        self.0.fetches.borrow().clone()
    }

    pub fn forget_fetch(&self, fetch: &Rc<Fetch>) {
        self.0.fetches.borrow_mut().retain(|other| !Rc::ptr_eq(other, fetch));
    }

    pub fn broadcast(&self, from: Option<u32>, message: &BroadcastMessage) {
        for tab in self.tabs().into_iter().filter(|tab| Some(tab.number) != from) {
            let (executor, message) = (self.executor().clone(), message.clone());
            let message = (!self.0.other_version.get()).then_some(message);
            self.executor().spawn(tab.context.get(), async move {
                executor.sleep(executor.below(5)).await;
                let listeners: Vec<_> = tab.listeners.borrow().clone();
                listeners.iter().for_each(|heard| heard(message.clone()));
            });
        }
    }

    // ---- tabs ----

    pub fn tabs(&self) -> Vec<Rc<Tab>> {
        self.0.tabs.borrow().clone()
    }

    /// Opens the page of a revision in a new tab.
    pub fn open(&self, manifest: &Manifest) -> Rc<Tab> {
        let tab = Rc::new(Tab {
            number: self.number() as u32,
            model: manifest.model().clone(),
            context: Cell::new(self.new_context()),
            download: RefCell::default(),
            listeners: RefCell::default(),
            lifecycle: RefCell::default(),
            session: RefCell::default(),
        });
        self.0.tabs.borrow_mut().push(Rc::clone(&tab));
        self.show(&tab, manifest);
        tab
    }

    /// Shows the page of a revision in a tab.
    pub fn show(&self, tab: &Rc<Tab>, manifest: &Manifest) {
        self.end_page(tab);
        let context = self.new_context();
        tab.context.set(context);
        let downloads = Downloads::new(SimPage::new(self, tab, context));
        let handle = downloads.of(manifest.model().clone(), manifest.revision());
        handle.on_change({
            let (world, tab) = (self.clone(), Rc::downgrade(tab));
            let told = RefCell::new(String::new());
            move || {
                if world.0.logging
                    && let Some(tab) = tab.upgrade()
                    && tab.download.borrow().is_some()
                {
                    let now = in_short(&tab.state());
                    if told.replace(now.clone()) != now {
                        world.log(|| format!("tab {}: {now}", tab.number));
                    }
                }
                true
            }
        });
        handle.begin();
        tab.download.replace(Some((downloads, handle)));
    }

    /// Loads the page in a tab again, as soon as it is out of its present task.
    pub fn reload(&self, tab: &Rc<Tab>) {
        let (world, tab) = (self.clone(), Rc::clone(tab));
        self.executor().spawn(BROWSER, async move {
            if world.tabs().iter().any(|other| Rc::ptr_eq(other, &tab)) {
                world.show(&tab, &world.server().current(&tab.model).expect("it is published"));
            }
        });
    }

    fn end_page(&self, tab: &Rc<Tab>) {
        tab.download.take();
        tab.listeners.take();
        self.executor().kill(tab.context.get());
        self.0.silent.borrow_mut().remove(&tab.context.get());
        self.0.unresponsive.borrow_mut().remove(&tab.context.get());
        tab.lifecycle.take();
    }

    /// Closes a tab, whose page has a last moment.
    pub fn close(&self, tab: &Rc<Tab>) {
        self.leave(tab);
        self.kill(tab);
    }

    /// Ends a tab without a warning.
    pub fn kill(&self, tab: &Rc<Tab>) {
        self.log(|| format!("tab {} ends", tab.number));
        self.end_page(tab);
        self.0.tabs.borrow_mut().retain(|other| !Rc::ptr_eq(other, tab));
    }

    /// The page hears that it goes.
    pub fn leave(&self, tab: &Tab) {
        for event in [Lifecycle::Hidden, Lifecycle::Leave] {
            self.lifecycle(tab, event);
        }
    }

    pub fn lifecycle(&self, tab: &Tab, event: Lifecycle) {
        let listeners: Vec<_> = tab.lifecycle.borrow().iter().map(|(_, told)| Rc::clone(told)).collect();
        listeners.iter().for_each(|told| told(event));
    }

    /// Ends the whole browser, and starts it again without tabs. Closed, it fails its fetches; killed, it continues with them.
    pub fn restart(&self, closed: bool) {
        for tab in self.tabs() {
            if closed { self.close(&tab) } else { self.kill(&tab) }
        }
        self.kill_worker();
        if closed {
            self.executor().kill(BROWSER);
            for fetch in self.0.ending.take() {
                self.may_waste(fetch.only_here(self), "records of which the worker was not told");
                fetch.lose_records();
            }
            self.fetches().iter().for_each(|fetch| fail_after_restart(self, fetch));
        }
    }

    /// Ends everything, so that nothing of this world stays in memory.
    pub fn end(&self) {
        self.0.tabs.take().iter().for_each(|tab| self.end_page(tab));
        self.0.fetches.take();
        self.0.ending.take();
        self.0.ended.take();
        self.executor().end();
    }

    // ---- time ----

    /// Lets this much time pass.
    pub fn run(&self, time: u64) {
        let until = self.executor().now() + time;
        while self.executor().step(until) {
            self.check();
        }
        // Also where nothing was to be done.
        self.check();
    }

    /// Lets time pass until this is so, at most so much; says whether it is.
    pub fn run_until(&self, time: u64, is_so: impl Fn() -> bool) -> bool {
        let until = self.executor().now() + time;
        loop {
            if is_so() {
                return true;
            }
            if !self.executor().step(until) {
                return is_so();
            }
            self.check();
        }
    }

    fn check(&self) {
        let wrong = self.origin().take_wrong();
        assert!(wrong.is_empty(), "what was not verified can be read: {wrong:?}");
        if let Some(wrong) = self.waste().take_wrong() {
            panic!("{wrong}");
        }
        self.note_removals();
    }
}

impl Tab {
    pub fn handle(&self) -> DownloadHandle<SimPage> {
        self.download.borrow().as_ref().expect("a page").1.clone()
    }

    pub fn downloads(&self) -> Downloads<SimPage> {
        self.download.borrow().as_ref().expect("a page").0.clone()
    }

    pub fn state(&self) -> State {
        self.handle().with(|download| download.state().clone())
    }

    pub fn is_ready(&self) -> bool {
        self.state() == State::Ready
    }

    pub fn buttons(&self) -> &'static [Button] {
        self.handle().with(Download::buttons)
    }

    /// Presses a button, as the application has it.
    pub fn press(&self, button: Button) {
        let handle = self.handle();
        if !matches!(button, Button::Download | Button::Resume) || !handle.load_again() {
            handle.press(button);
        }
    }

    /// Reads the download, if there is one.
    pub fn with_download<T>(&self, read: impl FnOnce(&Download) -> T) -> Option<T> {
        let download = self.download.borrow();
        download.as_ref().map(|(_, handle)| handle.with(read))
    }

    /// Whether it is on the way from a click to the first byte.
    pub fn begins(&self) -> bool {
        let begins = self.with_download(|download| {
            let is_asked = download.background().is_some_and(|b| matches!(b.stage, Stage::Asked { .. }));
            is_asked || matches!(download.state(), State::Preparing(_))
        });
        begins == Some(true)
    }

    pub fn plan(&self) -> Option<Plan> {
        self.handle().with(|download| download.plan().cloned())
    }
}

fn in_short(state: &State) -> String {
    match state {
        State::Fetching(fetching) | State::Stopping(fetching) => {
            let name = if matches!(state, State::Fetching(_)) { "fetching" } else { "stopping" };
            let background = fetching.background.as_ref().map(|b| (&b.stage, b.attempt.nonce, b.joined));
            let page = fetching.page.as_ref().map(|page| (page.run, page.waits, page.trouble));
            format!("{name} background {background:?} page {page:?} trouble {:?}", fetching.trouble)
        }
        state => format!("{state:?}"),
    }
}
