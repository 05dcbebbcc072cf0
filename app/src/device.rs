//! What is on this device, and the downloads to it. The server has no device: there everything stands still.

use protocol::download::{Button, Choice, Download, Engine, Settings};
use protocol::{ModelId, Revision};

use leptos::prelude::{ArcRwSignal, ReadSignal};
#[cfg(feature = "hydrate")]
use leptos::prelude::{Update as _, WithUntracked as _};

#[cfg(feature = "hydrate")]
mod background;
#[cfg(feature = "hydrate")]
mod browser;
#[cfg(feature = "hydrate")]
mod choice;
#[cfg(feature = "hydrate")]
mod driver;
#[cfg(feature = "hydrate")]
mod http;
#[cfg(feature = "hydrate")]
mod news;
#[cfg(feature = "hydrate")]
mod page_engine;
#[cfg(feature = "hydrate")]
mod room;
#[cfg(feature = "hydrate")]
mod survey;

#[cfg(feature = "hydrate")]
pub(crate) use browser::{log, register, window};
#[cfg(feature = "hydrate")]
use driver as side;
#[cfg(feature = "hydrate")]
pub(crate) use driver::is_busy;
#[cfg(not(feature = "hydrate"))]
mod nowhere;
#[cfg(not(feature = "hydrate"))]
use nowhere as side;

/// One download, as islands see it. It lives as long as the page, whatever shows it.
#[derive(Clone, Debug)]
pub(crate) struct Seat(ArcRwSignal<Download>);

/// The seat of a download; always the same one for the same revision.
pub(crate) fn seat(model: ModelId, revision: Revision) -> Seat {
    side::seat(model, revision)
}

impl Seat {
    fn new(model: ModelId, revision: Revision) -> Self {
        // The engine is not known yet; whoever looks at the device replaces this.
        let (download, _) = Download::new(model, revision, Engine::Page, Settings::default());
        Self(ArcRwSignal::new(download))
    }

    /// The download, to read and to be told of changes.
    pub(crate) fn download(&self) -> ReadSignal<Download> {
        self.0.read_only().into()
    }

    /// Looks at the device and goes on from there. Once is enough, more often does nothing.
    pub(crate) fn begin(&self) {
        side::begin(self);
    }

    /// The person pressed a button.
    pub(crate) fn press(&self, button: Button) {
        side::press(self, button);
    }

    /// The person chose an engine, for all downloads of this site.
    pub(crate) fn choose(&self, choice: Choice) {
        side::choose(choice);
    }

    /// Reads the download once.
    #[cfg(feature = "hydrate")]
    fn with_untracked<T>(&self, read: impl FnOnce(&Download) -> T) -> T {
        self.0.with_untracked(read)
    }

    #[cfg(feature = "hydrate")]
    fn update<T>(&self, change: impl FnOnce(&mut Download) -> T) -> Option<T> {
        self.0.try_update(change)
    }
}
