//! The variant for browsers: the crate `downloader` downloads, and a signal reports changes to islands.

use downloader::DownloadHandle;
use downloader::browser::{BrowserPage, downloads};
use leptos::prelude::{LocalStorage, RwSignal, Set as _, StoredValue, Track as _, WithValue as _};
use protocol::download::{Button, Choice, Download};
use protocol::{ModelId, Revision};

/// One download, as an island sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DownloadView {
    download: StoredValue<DownloadHandle<BrowserPage>, LocalStorage>,
    /// Whether it has changed since it was made; set anew with every change.
    changed: RwSignal<bool>,
}

impl DownloadView {
    /// A view of a download; of the same one for the same revision.
    pub(crate) fn of(model: ModelId, revision: Revision) -> Self {
        let handle = downloads().of(model, revision);
        let changed = RwSignal::new(false);
        handle.on_change(move || {
            changed.set(true);
            true
        });
        Self { download: StoredValue::new_local(handle), changed }
    }

    /// Reads the download; whatever does so is done again when it changes.
    pub(crate) fn with<T>(self, read: impl FnOnce(&Download) -> T) -> T {
        self.changed.track();
        self.download.with_value(|handle| handle.with(read))
    }

    /// Looks at the device and continues from there. Once is enough, more often does nothing.
    pub(crate) fn begin(self) {
        self.download.with_value(DownloadHandle::begin);
    }

    /// The user pressed a button.
    pub(crate) fn press(self, button: Button) {
        self.download.with_value(|handle| {
            if !matches!(button, Button::Download | Button::Resume) || !handle.load_again() {
                handle.press(button);
            }
        });
    }

    /// The user chose an engine, for all downloads of this site.
    pub(crate) fn choose(self, choice: Choice) {
        downloads().choose(choice);
    }
}
