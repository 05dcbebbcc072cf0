//! Calls to the browser's caches, with a timeout.
//!
//! If a site's data are cleared while a page writes to its caches, Chromium may never settle that page's
//! promises. Sometimes no other page of the origin gets an answer either, until that page is closed. Each
//! call therefore has a timeout, and [`is_unresponsive`] tells the page to reload.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};

use gloo_timers::future::TimeoutFuture;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::{StoreError, StoreErrorKind};

/// How long to wait: so many times so many milliseconds. Not all at once, since after a computer has slept the time would be
/// over before the answer could be heard.
const LOOKS: u32 = 6;
const LOOK_EVERY: u32 = 10_000;

thread_local! {
    /// Whether a call has timed out, and none was answered since. Later calls then wait for one look only.
    static UNRESPONSIVE: Cell<bool> = const { Cell::new(false) };
}

/// Whether the caches do not answer this page or worker.
#[must_use]
pub fn is_unresponsive() -> bool {
    UNRESPONSIVE.get()
}

/// What the caches answer to something that takes a moment.
pub(crate) fn answer(asked: Promise) -> Answer {
    Answer { asked: asked.into(), patience: Patience::of(LOOKS) }
}

/// What the caches answer to something that takes as long as a body takes to come. It is given up when they have not
/// answered something else.
pub(crate) fn answer_at_last(asked: Promise) -> Answer {
    Answer { asked: asked.into(), patience: Patience::of(u32::MAX) }
}

/// What the caches answer to something that takes as long as they need for so many bytes, which are in memory. On the slowest
/// disks that is a while: besides the time for everything else, they get one look for each of 16 MiB.
pub(crate) fn answer_to(asked: Promise, bytes: u32) -> Answer {
    Answer { asked: asked.into(), patience: Patience::of(LOOKS + (bytes >> 24)) }
}

/// Written by hand: there are so many of them that it shows in what a browser has to load.
pub(crate) struct Answer {
    asked: JsFuture,
    patience: Patience,
}

impl Future for Answer {
    type Output = Result<JsValue, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(answer) = Pin::new(&mut self.asked).poll(context) {
            UNRESPONSIVE.set(false);
            return Poll::Ready(answer.map_err(StoreError::from));
        }
        self.patience
            .poll_end(context)
            .map(|()| Err(StoreError::new(StoreErrorKind::Other, "the caches do not answer")))
    }
}

struct Patience {
    looks: u32,
    look: TimeoutFuture,
}

impl Patience {
    fn of(looks: u32) -> Self {
        Self { looks, look: TimeoutFuture::new(LOOK_EVERY) }
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while Pin::new(&mut self.look).poll(context).is_ready() {
            self.looks -= 1;
            if self.looks == 0 || UNRESPONSIVE.get() {
                UNRESPONSIVE.set(true);
                return Poll::Ready(());
            }
            self.look = TimeoutFuture::new(LOOK_EVERY);
        }
        Poll::Pending
    }
}
