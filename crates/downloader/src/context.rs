//! The interface of one download for the engines: they read its state and report events.
//!
//! Engines know nothing else of the driver, so they cannot depend on it.

use std::cell::RefCell;
use std::rc::Rc;

use protocol::download::{Download, Event};
use protocol::{BroadcastMessage, Intent, ModelId, Revision};

use crate::ports::{Device, Page, Ports};

/// One download of a page.
pub(crate) trait DownloadContext<G: Page> {
    /// The page of this download.
    fn page(&self) -> &G;

    /// The device, once it is open.
    fn device(&self) -> Option<Device<G::Ports>>;

    /// The state machine, to read it.
    fn download(&self) -> &RefCell<Download>;

    /// Tells the state machine what happened, and has its effects carried out.
    fn report(self: Rc<Self>, event: Event);

    /// Tells the worker and the other pages.
    fn tell(&self, message: BroadcastMessage);

    /// Remembers the intent that a look found; returns what the last look found, if there was one.
    fn replace_seen(&self, intent: Option<Intent>) -> Option<Option<Intent>>;

    fn runtime(&self) -> &<G::Ports as Ports>::Runtime {
        self.page().runtime()
    }

    fn identity(&self) -> (ModelId, Revision) {
        let download = self.download().borrow();
        (download.model().clone(), download.revision())
    }
}

impl<G: Page> dyn DownloadContext<G> + '_ {
    /// Reads the download.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Download) -> T) -> T {
        read(&self.download().borrow())
    }

    /// Tells the state machine what happened, and has its effects carried out.
    pub(crate) fn dispatch(self: &Rc<Self>, event: Event) {
        Rc::clone(self).report(event);
    }
}
