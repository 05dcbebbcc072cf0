//! The variant for the server, which knows nothing about the device.

use leptos::prelude::{StoredValue, WithValue as _};
use protocol::download::{Button, Choice, Download, Settings};
use protocol::{ModelId, Revision};

/// A download of which nothing is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DownloadView(StoredValue<Download>);

impl DownloadView {
    pub(crate) fn of(model: ModelId, revision: Revision) -> Self {
        Self(StoredValue::new(Download::new(model, revision, Settings::default())))
    }

    pub(crate) fn with<T>(self, read: impl FnOnce(&Download) -> T) -> T {
        self.0.with_value(read)
    }

    pub(crate) fn begin(self) {}

    pub(crate) fn press(self, _button: Button) {}

    pub(crate) fn choose(self, _choice: Choice) {}
}
