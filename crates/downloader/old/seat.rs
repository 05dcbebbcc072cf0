//! A download as others see it: to read, to be told of changes, and to say what is wanted.

use std::rc::Rc;

use protocol::download::{Button, Choice, Download};
use protocol::{ModelId, Revision};

use crate::driver::{self, Driver};
use crate::reload;

/// One download of this page. It lives as long as the page, whatever shows it; as a number it may be sent anywhere, but it
/// means something in this thread only.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seat(usize);

impl Seat {
    /// The seat of a download; always the same one for the same revision.
    #[must_use]
    pub fn of(model: ModelId, revision: Revision) -> Self {
        Self(driver::place(model, revision))
    }

    fn driver(self) -> Option<Rc<Driver>> {
        driver::at(self.0)
    }

    /// Reads the download; `None` in another thread.
    pub fn with<T>(self, read: impl FnOnce(&Download) -> T) -> Option<T> {
        Some(self.driver()?.with(read))
    }

    /// Has this called after every change, as long as it says so itself.
    pub fn on_change(self, told: impl Fn() -> bool + 'static) {
        if let Some(driver) = self.driver() {
            driver.on_change(Box::new(told));
        }
    }

    /// Looks at the device and goes on from there. Once is enough, more often does nothing.
    pub fn begin(self) {
        if let Some(driver) = self.driver() {
            driver::begin(&driver);
        }
    }

    /// The person pressed a button.
    pub fn press(self, button: Button) {
        if let Some(driver) = self.driver() {
            driver::press(&driver, button);
        }
    }

    /// Where the browser's storage does not answer this page any more, loads it again, and the next one begins this download;
    /// says whether it does. Nothing else leads on then.
    #[must_use]
    pub fn load_again(self) -> bool {
        self.driver().is_some_and(|driver| reload::load_again(&driver.identity().0))
    }

    /// This download is to use this engine when it begins next, whatever was chosen for all.
    pub fn choose(self, choice: Choice) {
        if let Some(driver) = self.driver() {
            driver.choose(choice);
        }
    }
}
