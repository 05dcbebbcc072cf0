//! The four events that a service worker gets, and how to listen to them in time.

use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;
use web_sys::{ExtendableEvent, ServiceWorkerGlobalScope};

use crate::glue::{BackgroundFetchEvent, BackgroundFetchUpdateUIEvent};
use crate::{Error, Registration, UiUpdate};

/// Registers a handler for `backgroundfetchsuccess`, `-fail` and `-abort`, and one for
/// `backgroundfetchclick`.
///
/// **Call it in the first evaluation of the worker's script**, before anything is awaited. The browser starts
/// the worker in order to deliver such an event, delivers it right after the evaluation, and never again: a
/// listener that comes late misses it, and with it the records.
///
/// The event is kept alive (`waitUntil`) until the future of its handler is done, for five minutes at most in
/// Chromium. If the browser refuses even that, the exception reaches the worker's `error` event, as it would
/// from a listener in JavaScript.
///
/// The listeners are never removed and their memory is never freed: they have to live as long as the worker,
/// and end with it.
///
/// # Errors
/// [`Other`](crate::ErrorKind::Other), if the scope refuses listeners; none is known to.
pub fn listen<Complete, Completing, Click, Clicking>(
    scope: &ServiceWorkerGlobalScope,
    on_completion: Complete,
    on_click: Click,
) -> Result<(), Error>
where
    Complete: Fn(CompletionEvent) -> Completing + 'static,
    Completing: Future<Output = ()> + 'static,
    Click: Fn(ClickEvent) -> Clicking + 'static,
    Clicking: Future<Output = ()> + 'static,
{
    let on_completion = Rc::new(on_completion);
    for kind in [CompletionKind::Success, CompletionKind::Fail, CompletionKind::Abort] {
        let on_completion = Rc::clone(&on_completion);
        add(scope, kind.event_name(), move |inner| on_completion(CompletionEvent { kind, inner }))?;
    }
    add(scope, "backgroundfetchclick", move |inner| on_click(ClickEvent { inner }))
}

/// Adds one listener for good: the event waits for the future that `handle` returns.
fn add<Handling: Future<Output = ()> + 'static>(
    scope: &ServiceWorkerGlobalScope,
    event_name: &str,
    handle: impl Fn(BackgroundFetchEvent) -> Handling + 'static,
) -> Result<(), Error> {
    let listener = Closure::<dyn Fn(BackgroundFetchEvent) -> Result<(), JsValue>>::new(
        move |event: BackgroundFetchEvent| {
            let handling = handle(event.clone());
            event.wait_until(&promise_of(handling))
        },
    );
    scope.add_event_listener_with_callback(event_name, listener.as_ref().unchecked_ref())?;
    listener.forget();
    Ok(())
}

fn promise_of(future: impl Future<Output = ()> + 'static) -> Promise {
    future_to_promise(async move {
        future.await;
        Ok(JsValue::UNDEFINED)
    })
}

fn wait_until(event: &ExtendableEvent, future: impl Future<Output = ()> + 'static) -> Result<(), Error> {
    Ok(event.wait_until(&promise_of(future))?)
}

/// Which of the three completion events it is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CompletionKind {
    /// Every response had a good status. Bodies may be missing all the same.
    Success,
    /// At least one request has no good response. The others may have theirs.
    Fail,
    /// The user or the program stopped it. Completed records can be read.
    Abort,
}

impl CompletionKind {
    fn event_name(self) -> &'static str {
        match self {
            Self::Success => "backgroundfetchsuccess",
            Self::Fail => "backgroundfetchfail",
            Self::Abort => "backgroundfetchabort",
        }
    }
}

/// A fetch is over. The records can be read until the handler's future is done, and never again.
#[derive(Clone, Debug)]
pub struct CompletionEvent {
    kind: CompletionKind,
    inner: BackgroundFetchEvent,
}

impl CompletionEvent {
    /// Which of the three it is.
    #[must_use]
    pub fn kind(&self) -> CompletionKind {
        self.kind
    }

    /// The fetch that is over.
    #[must_use]
    pub fn registration(&self) -> Registration {
        Registration::from(self.inner.registration())
    }

    /// The browser's own interface of this fetch, if it still has one: not after an abort.
    #[must_use]
    pub fn ui(&self) -> Option<DownloadUi> {
        match self.kind {
            CompletionKind::Success | CompletionKind::Fail => {
                Some(DownloadUi { inner: self.inner.clone().unchecked_into() })
            }
            CompletionKind::Abort => None,
        }
    }

    /// Makes the event wait for a further future. The one that the handler returns is waited for anyway.
    ///
    /// # Errors
    /// [`InvalidState`](crate::ErrorKind::InvalidState) when everything that the event waited for is done.
    pub fn wait_until(&self, future: impl Future<Output = ()> + 'static) -> Result<(), Error> {
        wait_until(&self.inner, future)
    }
}

/// The browser's own interface of a fetch that succeeded or failed: its notification or its entry in a list.
#[derive(Debug)]
pub struct DownloadUi {
    inner: BackgroundFetchUpdateUIEvent,
}

impl DownloadUi {
    /// Changes title and icons, once per event.
    ///
    /// # Errors
    /// [`InvalidState`](crate::ErrorKind::InvalidState) the second time, and when the event is over.
    pub async fn update(self, update: &UiUpdate) -> Result<(), Error> {
        self.inner.update_ui(&update.to_js())?.await?;
        Ok(())
    }
}

/// The user clicked on a fetch in the browser's own interface, while it runs or afterwards.
#[derive(Clone, Debug)]
pub struct ClickEvent {
    inner: BackgroundFetchEvent,
}

impl ClickEvent {
    /// The fetch that was clicked on. Its [`result`](Registration::result) says whether it is over.
    #[must_use]
    pub fn registration(&self) -> Registration {
        Registration::from(self.inner.registration())
    }

    /// Makes the event wait for a further future. The one that the handler returns is waited for anyway.
    ///
    /// # Errors
    /// [`InvalidState`](crate::ErrorKind::InvalidState) when everything that the event waited for is done.
    pub fn wait_until(&self, future: impl Future<Output = ()> + 'static) -> Result<(), Error> {
        wait_until(&self.inner, future)
    }
}
