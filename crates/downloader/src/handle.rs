//! A handle of a download: reads its state, reports changes, and takes the user's commands.

use std::fmt;
use std::rc::Rc;

use protocol::download::{Button, Choice, Download, Event};

use crate::driver::Driver;
use crate::ports::Page;
use crate::wake::Wake;

/// One download of a page. A clone is the same.
pub struct DownloadHandle<G: Page>(pub(crate) Rc<Driver<G>>);

impl<G: Page> Clone for DownloadHandle<G> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<G: Page> fmt::Debug for DownloadHandle<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|download| download.fmt(f))
    }
}

impl<G: Page> PartialEq for DownloadHandle<G> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<G: Page> DownloadHandle<G> {
    /// Reads the download.
    pub fn with<T>(&self, read: impl FnOnce(&Download) -> T) -> T {
        self.0.with(read)
    }

    /// Calls this function after every change, for as long as it returns `true`.
    pub fn on_change(&self, told: impl Fn() -> bool + 'static) {
        self.0.on_change(Rc::new(told));
    }

    /// Returns a signal that every later change sets.
    #[must_use]
    pub fn changes(&self) -> Rc<Wake> {
        let changed = Rc::new(Wake::default());
        let told = Rc::downgrade(&changed);
        self.on_change(move || {
            let changed = told.upgrade();
            if let Some(changed) = &changed {
                changed.wake();
            }
            changed.is_some()
        });
        changed
    }

    /// Starts with a survey of the device. Further calls do nothing.
    pub fn begin(&self) {
        self.0.begin();
    }

    /// The user pressed a button.
    pub fn press(&self, button: Button) {
        self.0.dispatch(Event::Clicked(button));
    }

    /// Ends the download if it is running, and keeps what has arrived.
    pub fn cancel(&self) {
        if self.with(|download| download.buttons().contains(&Button::Cancel)) {
            self.press(Button::Cancel);
        }
    }

    /// Counts a caller who wants this download.
    pub(crate) fn wanted(&self) -> Caller<G> {
        let callers = &self.0.callers;
        callers.set(callers.get() + 1);
        Caller(self.clone())
    }

    /// Where the browser's storage does not answer this page any more, loads it again, and the next page begins this download;
    /// says whether it does. Nothing else leads on then.
    #[must_use]
    pub fn load_again(&self) -> bool {
        self.0.load_again()
    }

    /// This download is to use this engine when it begins next, whatever was chosen for all.
    pub fn choose(&self, choice: Choice) {
        self.0.choose(choice);
    }
}

/// A caller who wants a download, while it lives. The last one that does not want it any more ends it.
pub(crate) struct Caller<G: Page>(DownloadHandle<G>);

impl<G: Page> Caller<G> {
    /// Whether no other caller wants it.
    pub(crate) fn is_alone(&self) -> bool {
        self.0.0.callers.get() == 1
    }
}

impl<G: Page> Drop for Caller<G> {
    fn drop(&mut self) {
        let callers = &self.0.0.callers;
        callers.set(callers.get() - 1);
    }
}
