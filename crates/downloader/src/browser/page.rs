//! The port that a page implements: opens the device, and registers the worker.

use std::cell::OnceCell;
use std::rc::Rc;

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Function, Promise, Reflect};
use piece_store::{BrowserStore, StoreErrorKind, WebLocks};
use protocol::download::{Cause, MissingCapability};
use protocol::{BroadcastMessage, CHANNEL, TextForm as _, routes};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    BroadcastChannel, DomException, MessageEvent, RegistrationOptions, ServiceWorker,
    ServiceWorkerRegistration, ServiceWorkerUpdateViaCache, Storage, Window,
};

use super::lifecycle::{self, Listener};
use super::{
    BrowserFetches, BrowserHttp, BrowserQuota, BrowserRuntime, PageBroadcast, PagePorts, PartKeeper, log,
    window,
};
use crate::ports::{Device, Lifecycle, Memory, OpenError, Page};

/// How long a worker may take to be installed, in milliseconds.
const INSTALLING: u32 = 60_000;

/// This page.
#[derive(Clone, Debug, Default)]
pub struct BrowserPage {
    runtime: BrowserRuntime,
    /// The channel of this page, which it must both hear and use: other ones of the same page hear it too.
    channel: Rc<OnceCell<Option<BroadcastChannel>>>,
}

impl BrowserPage {
    fn channel(&self) -> Option<BroadcastChannel> {
        let open = || match BroadcastChannel::new(CHANNEL) {
            Ok(channel) => Some(channel),
            Err(error) => {
                // Then other tabs catch up when they come into sight.
                log("other tabs cannot be heard", &error);
                None
            }
        };
        self.channel.get_or_init(open).clone()
    }
}

impl Page for BrowserPage {
    type Ports = PagePorts;
    type Listener = Vec<Listener>;

    fn runtime(&self) -> &BrowserRuntime {
        &self.runtime
    }

    async fn open(&self) -> Result<Device<PagePorts>, OpenError> {
        let window = window();
        if !window.is_secure_context() {
            return Err(OpenError::Unsupported(MissingCapability::SecureContext));
        }
        let worker = register(&window).await.map_err(|error| {
            log("the service worker could not be registered", &error);
            if is_permanent(&error) {
                OpenError::Unsupported(MissingCapability::ServiceWorker)
            } else {
                OpenError::Failed(Cause::Network)
            }
        })?;
        let store = BrowserStore::open().await.map_err(|error| {
            log("the store could not be opened", &error.to_string().into());
            match error.kind {
                StoreErrorKind::Unsupported => OpenError::Unsupported(MissingCapability::Storage),
                StoreErrorKind::NoRoom | StoreErrorKind::Other => OpenError::Failed(error.into()),
            }
        })?;
        Ok(Device {
            store,
            locks: WebLocks,
            background: BrowserFetches::of(&worker),
            http: BrowserHttp::default(),
            quota: BrowserQuota,
            runtime: self.runtime,
            broadcast: PageBroadcast(self.channel()),
            handover: PartKeeper(worker),
        })
    }

    fn is_online(&self) -> bool {
        window().navigator().on_line()
    }

    fn listen(&self, heard: impl Fn(Option<BroadcastMessage>) + 'static) {
        let heard = Rc::new(heard);
        let listener = Closure::<dyn Fn(MessageEvent)>::new({
            let heard = Rc::clone(&heard);
            move |event: MessageEvent| {
                heard(event.data().as_string().and_then(|text| BroadcastMessage::from_text(&text)));
            }
        });
        // The listeners live as long as the page.
        let listener: Function = listener.into_js_value().unchecked_into();
        // Not as a property, which the page may use itself, if it is not ours. Adding a listener does not throw.
        let worker = window().navigator().service_worker();
        let _ = worker.add_event_listener_with_callback("message", &listener);
        if let Some(channel) = self.channel() {
            let _ = channel.add_event_listener_with_callback("message", &listener);
        }
    }

    fn on_lifecycle(&self, told: impl Fn(Lifecycle) + 'static) -> Vec<Listener> {
        lifecycle::listen(told)
    }

    fn reload(&self) -> bool {
        match window().location().reload() {
            Ok(()) => true,
            Err(error) => {
                log("the page could not be loaded again", &error);
                false
            }
        }
    }

    fn remembered(&self, key: Memory) -> Option<String> {
        // Reading can be forbidden altogether, as in some private windows.
        storage(key)?.get_item(name(key)).ok().flatten()
    }

    fn remember(&self, key: Memory, text: Option<&str>) {
        let Some(storage) = storage(key) else { return };
        let remembered = match text {
            Some(text) => storage.set_item(name(key), text),
            None => storage.remove_item(name(key)),
        };
        if let Err(error) = remembered {
            // It counts for this visit all the same.
            log("a setting could not be remembered", &error);
        }
    }
}

fn storage(key: Memory) -> Option<Storage> {
    match key {
        Memory::Engine => window().local_storage().ok().flatten(),
        Memory::Reload => window().session_storage().ok().flatten(),
    }
}

fn name(key: Memory) -> &'static str {
    match key {
        Memory::Engine => "modelferry-engine",
        Memory::Reload => "modelferry-download",
    }
}

const NO_WORKERS: &str = "there is no navigator.serviceWorker";

/// Whether registering a worker would fail again for this reason: this window has none, or is not allowed to. What else may
/// go wrong, such as a script that does not come, may go right the next time.
#[must_use]
pub fn is_permanent(error: &JsValue) -> bool {
    let name = error.dyn_ref::<DomException>().map(DomException::name);
    *error == NO_WORKERS || matches!(name.as_deref(), Some("SecurityError" | "NotSupportedError"))
}

/// Returns once a worker is active: only then can a background fetch be started.
///
/// # Errors
/// What the browser throws, also where it has no workers; and if the worker cannot be installed, or not within a minute.
pub async fn register(window: &Window) -> Result<ServiceWorkerRegistration, JsValue> {
    let navigator = window.navigator();
    if !Reflect::has(&navigator, &"serviceWorker".into())? {
        return Err(NO_WORKERS.into());
    }
    let container = navigator.service_worker();
    let options = RegistrationOptions::new();
    options.set_update_via_cache(ServiceWorkerUpdateViaCache::None);
    let registered =
        JsFuture::from(container.register_with_options(routes::SERVICE_WORKER, &options)).await?;
    // Not what `container.ready` says: a page of one's own may have another worker, of a narrower scope.
    let registration: ServiceWorkerRegistration = registered.unchecked_into();
    let active = Box::pin(active(&registration));
    match select(active, TimeoutFuture::new(INSTALLING)).await {
        Either::Left((active, _)) => active.map(|()| registration.clone()),
        Either::Right(_) => Err("the service worker is not installed after a minute".into()),
    }
}

/// Waits until a worker is active.
async fn active(registration: &ServiceWorkerRegistration) -> Result<(), JsValue> {
    while registration.active().is_none() {
        let Some(worker) = registration.installing().or_else(|| registration.waiting()) else {
            return Err("the service worker could not be installed".into());
        };
        state_change(&worker).await?;
    }
    Ok(())
}

/// Waits until the state of a worker changes.
async fn state_change(worker: &ServiceWorker) -> Result<(), JsValue> {
    let before = worker.state();
    let mut listener = None;
    let changed = Promise::new(&mut |resolve, _| {
        // Kept until the promise is settled.
        let told = Listener::new(worker.clone().into(), "statechange", move || {
            // Settling a promise does not throw.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        });
        listener = Some(told);
    });
    // Otherwise it changed before the listener was added.
    if worker.state() == before {
        JsFuture::from(changed).await?;
    }
    drop(listener);
    Ok(())
}
