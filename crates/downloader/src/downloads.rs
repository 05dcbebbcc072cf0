//! All downloads of one page, and what they share: the device, messages, one silent start, one look at what is stored.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use piece_store::{AsyncMutex, LockName, Locks as _, StoreError};
use protocol::download::{Choice, Download, Event, State, StorageQuota};
use protocol::{BroadcastMessage, ModelId, Revision};

use crate::driver::Driver;
use crate::ports::{
    BackgroundFetches as _, Broadcast as _, Device, Lifecycle, Memory, OpenError, Page, Quota as _,
    Runtime as _,
};
use crate::{DownloadHandle, RemoveError, registrations, watch};

/// All downloads of one page. A clone is the same.
pub struct Downloads<G: Page>(Rc<Shared<G>>);

impl<G: Page> fmt::Debug for Downloads<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.drivers().into_iter().map(DownloadHandle)).finish()
    }
}

impl<G: Page> Clone for Downloads<G> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

pub(crate) struct Shared<G: Page> {
    pub(crate) page: G,
    device: RefCell<Option<Device<G::Ports>>>,
    opening: AsyncMutex,
    /// Listens for the page coming into sight; set once.
    listening: RefCell<Option<G::Listener>>,
    /// Whether this page has started a background fetch without a click. The browser allows one; a second one could cost the
    /// permission.
    started_silently: Cell<bool>,
    pub(crate) watching: Cell<bool>,
    /// Whether a look at the room is wanted, and whether one is under way.
    quota: (Cell<bool>, Cell<bool>),
    drivers: RefCell<Vec<Weak<Driver<G>>>>,
}

impl<G: Page> Downloads<G> {
    /// Those of this page. There is one for each page.
    pub fn new(page: G) -> Self {
        Self(Rc::new(Shared {
            page,
            device: RefCell::default(),
            opening: AsyncMutex::default(),
            listening: RefCell::default(),
            started_silently: Cell::default(),
            watching: Cell::default(),
            quota: Default::default(),
            drivers: RefCell::default(),
        }))
    }

    /// The download of a revision: always the same one for as long as somebody has a handle, or it is under way.
    pub fn of(&self, model: ModelId, revision: Revision) -> DownloadHandle<G> {
        let known = self.0.drivers().into_iter().find(|driver| driver.is_of(&model, revision));
        DownloadHandle(known.unwrap_or_else(|| {
            let driver = Rc::new(Driver::new(Rc::clone(&self.0), model, revision));
            let drivers = &mut *self.0.drivers.borrow_mut();
            drivers.retain(|driver| driver.strong_count() > 0);
            drivers.push(Rc::downgrade(&driver));
            driver
        }))
    }

    /// The downloads that calls want now.
    #[must_use]
    pub fn wanted(&self) -> Vec<DownloadHandle<G>> {
        let wanted = self.0.drivers().into_iter().filter(|driver| driver.callers.get() > 0);
        wanted.map(DownloadHandle).collect()
    }

    /// Ends all downloads of a model that calls of this page want, and waits until nothing more of them is stored.
    pub async fn stop(&self, model: &ModelId) {
        for handle in
            self.wanted().into_iter().filter(|handle| handle.with(|download| download.model() == model))
        {
            let changed = handle.changes();
            let is_under_way = |download: &Download| {
                matches!(download.state(), State::Preparing(_) | State::Fetching(_) | State::Stopping(_))
            };
            while handle.with(is_under_way) {
                handle.cancel();
                changed.wait().await;
            }
        }
    }

    /// The user chose an engine, for all downloads of this site.
    pub fn choose(&self, choice: Choice) {
        self.0.page.remember(Memory::Engine, Some(choice.as_str()));
        for driver in self.0.drivers() {
            driver.dispatch(Event::Chosen(choice));
        }
    }

    /// Whether a download of this site is under way: of this page, of another one, or of the browser's.
    pub async fn is_busy(&self) -> bool {
        if self.0.drivers().iter().any(|driver| driver.with(Download::is_busy)) {
            return true;
        }
        // Nothing can be under way where nothing can be opened.
        let Ok(device) = self.0.open().await else { return false };
        if let Some(background) = &device.background
            && background.ids().await.is_ok_and(|ids| !ids.is_empty())
        {
            return true;
        }
        device.locks.is_any_page_engine_at_work().await.unwrap_or(false)
    }

    /// Removes all revisions of a model. Background fetches of it are ended; other pages that fetch it are told, and stop.
    ///
    /// # Errors
    /// When there is no store, or it could not be changed. What was removed until then stays removed.
    pub async fn remove(&self, model: &ModelId) -> Result<(), RemoveError> {
        let device = self.0.open().await?;
        registrations::abort_all(&device, model, |_| true).await;
        let removed = with_store_lock(&device, device.store.remove(model)).await;
        let message = BroadcastMessage::Changed { model: model.clone() };
        device.broadcast.send(&message).await;
        self.0.deliver(Some(&message));
        Ok(removed?)
    }

    /// What this page has, once everything is open.
    ///
    /// # Errors
    /// Why there is nothing.
    pub async fn device(&self) -> Result<Device<G::Ports>, OpenError> {
        self.0.open().await
    }
}

/// Does something to the store that nobody else may do at the same time.
pub(crate) async fn with_store_lock<P: crate::ports::Ports>(
    device: &Device<P>,
    work: impl Future<Output = Result<(), StoreError>>,
) -> Result<(), StoreError> {
    let _lock = device.locks.wait(LockName::Store).await?;
    work.await
}

impl<G: Page> Shared<G> {
    pub(crate) fn drivers(&self) -> Vec<Rc<Driver<G>>> {
        self.drivers.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    pub(crate) fn device(&self) -> Option<Device<G::Ports>> {
        self.device.borrow().clone()
    }

    /// Opens the device, unless that has been done already.
    pub(crate) async fn open(self: &Rc<Self>) -> Result<Device<G::Ports>, OpenError> {
        let _opening = self.opening.lock().await;
        if let Some(device) = self.device() {
            return Ok(device);
        }
        let device = self.page.open().await?;
        self.device.replace(Some(device.clone()));
        let is_listening = self.listening.borrow().is_some();
        if !is_listening {
            let shared = Rc::downgrade(self);
            self.page.listen(move |message| {
                if let Some(shared) = shared.upgrade() {
                    shared.deliver(message.as_ref());
                }
            });
            let shared = Rc::downgrade(self);
            let listener = self.page.on_lifecycle(move |event| {
                // A page out of sight may have missed messages.
                if let (Lifecycle::Visible, Some(shared)) = (event, shared.upgrade()) {
                    shared.deliver(None);
                }
            });
            self.listening.replace(Some(listener));
        }
        Ok(device)
    }

    /// Takes the one start of a background fetch that needs no click; says whether there was one left.
    pub(crate) fn may_start_silently(&self) -> bool {
        !self.started_silently.replace(true)
    }

    /// Hands a message to the downloads it concerns. One that is not understood is of another version: the store tells what it
    /// was about.
    pub(crate) fn deliver(&self, message: Option<&BroadcastMessage>) {
        for driver in self.drivers() {
            let event = match message {
                Some(message) => driver.with(|download| download.hear(message)),
                None => Some(Event::Changed),
            };
            if let Some(event) = event {
                driver.dispatch(event);
            }
        }
    }

    /// Looks at the room, for all downloads of this page; once for all who ask meanwhile.
    pub(crate) async fn look_at_quota(&self) {
        let (wanted, looking) = &self.quota;
        wanted.set(true);
        if looking.replace(true) {
            return;
        }
        while wanted.take() {
            self.look_at_quota_now().await;
        }
        looking.set(false);
    }

    async fn look_at_quota_now(&self) {
        let Some(device) = self.device() else { return };
        let free = device.quota.left().await;
        let persisted = device.quota.is_persistent().await;
        let kept = device.store.kept_of_each().await.unwrap_or_else(|error| {
            device.runtime.log("the store could not be read", &error);
            Vec::new()
        });
        for driver in self.drivers() {
            let (model, _) = driver.identity();
            let others = kept.iter().filter(|(other, kept)| *other != model && *kept > 0).cloned().collect();
            driver.dispatch(Event::StorageQuota(StorageQuota { free, persisted, others }));
        }
    }

    pub(crate) fn watch(self: &Rc<Self>) {
        watch::watch(self);
    }
}
