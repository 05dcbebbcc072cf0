//! All downloads of one page.

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

use piece_store::Locks as _;
use protocol::download::{Choice, Download, Event, State};
use protocol::{BroadcastMessage, ModelId, Revision, TextForm as _};

use crate::concurrency::with_store_lock;
use crate::driver::Driver;
use crate::ports::{BackgroundFetches as _, Broadcast as _, Device, Memory, OpenError, Page};
use crate::shared::Shared;
use crate::{DownloadHandle, RemoveError, registrations};

/// All downloads of one page. A clone is the same.
pub struct Downloads<G: Page> {
    shared: Rc<Shared<G>>,
    drivers: Rc<Drivers<G>>,
}

/// The downloads of a page. Each lives as long as a handle exists, or as long as it runs.
type Drivers<G> = RefCell<Vec<Weak<Driver<G>>>>;

impl<G: Page> fmt::Debug for Downloads<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.drivers().into_iter().map(DownloadHandle)).finish()
    }
}

impl<G: Page> Clone for Downloads<G> {
    fn clone(&self) -> Self {
        Self { shared: Rc::clone(&self.shared), drivers: Rc::clone(&self.drivers) }
    }
}

impl<G: Page> Downloads<G> {
    /// Creates the downloads of this page. Each page has one value.
    pub fn new(page: G) -> Self {
        Self { shared: Rc::new(Shared::new(page)), drivers: Rc::default() }
    }

    fn drivers(&self) -> Vec<Rc<Driver<G>>> {
        self.drivers.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    /// The download of a revision: always the same one, as long as a handle exists or it runs.
    pub fn of(&self, model: ModelId, revision: Revision) -> DownloadHandle<G> {
        let known = self.drivers().into_iter().find(|driver| driver.is_of(&model, revision));
        DownloadHandle(known.unwrap_or_else(|| {
            let driver = Rc::new(Driver::new(Rc::clone(&self.shared), model, revision));
            let drivers = &mut *self.drivers.borrow_mut();
            drivers.retain(|driver| driver.strong_count() > 0);
            drivers.push(Rc::downgrade(&driver));
            // Here, not in `new`: code for one page's type is made once, in the program that uses it.
            self.shared.add(Rc::<Driver<G>>::downgrade(&driver));
            driver
        }))
    }

    /// The downloads that calls want now.
    #[must_use]
    pub fn wanted(&self) -> Vec<DownloadHandle<G>> {
        let wanted = self.drivers().into_iter().filter(|driver| driver.callers.get() > 0);
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
        self.shared.page.remember(Memory::Engine, Some(&choice.to_text()));
        for driver in self.drivers() {
            driver.dispatch(Event::Chosen(choice));
        }
    }

    /// Whether a download of this site is under way: of this page, of another one, or of the browser's.
    pub async fn is_busy(&self) -> bool {
        if self.drivers().iter().any(|driver| driver.with(Download::is_busy)) {
            return true;
        }
        // Nothing can be under way where nothing can be opened.
        let Ok(device) = self.shared.open().await else { return false };
        if let Some(background) = &device.background
            && background.ids().await.is_ok_and(|ids| !ids.is_empty())
        {
            return true;
        }
        device.locks.is_any_page_engine_at_work().await.unwrap_or(false)
    }

    /// Removes all revisions of a model. Aborts its background fetches. Other pages that fetch it get a message, and stop.
    ///
    /// # Errors
    /// When there is no store, or it could not be changed. What was removed until then stays removed.
    pub async fn remove(&self, model: &ModelId) -> Result<(), RemoveError> {
        let device = self.shared.open().await?;
        registrations::abort_all(&device, model, |_| true).await;
        let removed = with_store_lock(&device, device.store.remove(model)).await;
        let message = BroadcastMessage::Changed { model: model.clone() };
        device.broadcast.send(&message).await;
        self.shared.deliver(Some(&message));
        Ok(removed?)
    }

    /// What this page has, once everything is open.
    ///
    /// # Errors
    /// Why there is nothing.
    pub async fn device(&self) -> Result<Device<G::Ports>, OpenError> {
        self.shared.open().await
    }
}
