//! The state that all downloads of a page share: the device, messages, and the one silent start.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use piece_store::AsyncMutex;
use protocol::BroadcastMessage;
use protocol::download::{Event, StorageQuota};

use crate::context::DownloadContext;
use crate::ports::{Device, Lifecycle, OpenError, Page, Quota as _, Runtime as _};

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
    downloads: RefCell<Vec<Weak<dyn DownloadContext<G>>>>,
}

impl<G: Page> Shared<G> {
    pub(crate) fn new(page: G) -> Self {
        Self {
            page,
            device: RefCell::default(),
            opening: AsyncMutex::default(),
            listening: RefCell::default(),
            started_silently: Cell::default(),
            watching: Cell::default(),
            quota: Default::default(),
            downloads: RefCell::default(),
        }
    }

    /// The downloads of the page that are alive.
    pub(crate) fn downloads(&self) -> Vec<Rc<dyn DownloadContext<G>>> {
        self.downloads.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    pub(crate) fn add(&self, download: Weak<dyn DownloadContext<G>>) {
        let downloads = &mut *self.downloads.borrow_mut();
        downloads.retain(|download| download.strong_count() > 0);
        downloads.push(download);
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
        for download in self.downloads() {
            let event = match message {
                Some(message) => download.with(|download| download.hear(message)),
                None => Some(Event::Changed),
            };
            if let Some(event) = event {
                download.dispatch(event);
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
        for download in self.downloads() {
            let (model, _) = download.identity();
            let others = kept.iter().filter(|(other, kept)| *other != model && *kept > 0).cloned().collect();
            download.dispatch(Event::StorageQuota(StorageQuota { free, persisted, others }));
        }
    }
}
