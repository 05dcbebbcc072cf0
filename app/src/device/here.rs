//! This device: the crate `device` takes care of downloads, a signal tells islands of changes.

use leptos::prelude::{RwSignal, Set as _, Track as _};
use protocol::download::{Button, Choice, Download};
use protocol::{ModelId, Revision};

/// One download. It lives as long as the page, whatever shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    download: device::Seat,
    /// Whether it has changed since it was made; set anew with every change.
    changed: RwSignal<bool>,
}

impl Seat {
    /// A view of a download; of the same one for the same revision.
    pub(crate) fn of(model: ModelId, revision: Revision) -> Self {
        let seat = Self { download: device::Seat::of(model, revision), changed: RwSignal::new(false) };
        seat.download.on_change(move || {
            seat.changed.set(true);
            true
        });
        seat
    }

    /// Reads the download; whatever does so is done again when it changes.
    pub(crate) fn with<T: Default>(self, read: impl FnOnce(&Download) -> T) -> T {
        self.changed.track();
        // There is one thread.
        self.download.with(read).unwrap_or_default()
    }

    /// Looks at the device and goes on from there. Once is enough, more often does nothing.
    pub(crate) fn begin(self) {
        self.download.begin();
    }

    /// The person pressed a button.
    pub(crate) fn press(self, button: Button) {
        if !matches!(button, Button::Download | Button::Resume) || !self.download.load_again() {
            self.download.press(button);
        }
    }

    /// The person chose an engine, for all downloads of this site.
    pub(crate) fn choose(self, choice: Choice) {
        device::choose(choice);
    }
}
