//! Following a fetch: a snapshot of its numbers, and the guard of a listener.

use std::fmt;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::glue::BackgroundFetchRegistration;
use crate::{FailureReason, FetchResult};

const PROGRESS: &str = "progress";

/// The numbers of a fetch at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Bytes received; see the caveat at [`Registration::downloaded`](crate::Registration::downloaded).
    pub downloaded: u64,
    /// Bytes to receive as announced; 0 is "unknown".
    pub download_total: u64,
    /// Bytes sent.
    pub uploaded: u64,
    /// Bytes to send.
    pub upload_total: u64,
    /// How it ended, if it has.
    pub result: FetchResult,
    /// Why it failed, if it has.
    pub failure_reason: FailureReason,
}

/// Keeps a progress listener, and with it its registration, alive; dropping it removes the listener.
#[must_use = "dropping it removes the listener"]
pub struct ProgressListener {
    registration: BackgroundFetchRegistration,
    closure: Closure<dyn FnMut()>,
}

impl ProgressListener {
    pub(crate) fn new(registration: BackgroundFetchRegistration, listener: impl FnMut() + 'static) -> Self {
        let closure = Closure::<dyn FnMut()>::new(listener);
        registration.add_listener(PROGRESS, closure.as_ref().unchecked_ref());
        Self { registration, closure }
    }

    /// Lets it listen as long as the page or worker lives.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for ProgressListener {
    fn drop(&mut self) {
        let listener = self.closure.as_ref().unchecked_ref();
        self.registration.remove_listener(PROGRESS, listener);
    }
}

impl fmt::Debug for ProgressListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgressListener").field("registration", &self.registration).finish_non_exhaustive()
    }
}
