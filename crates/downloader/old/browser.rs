//! What this window can do: worker, store, Background Fetch.

use std::cell::RefCell;

use background_fetch::BackgroundFetch;
use gloo_timers::future::TimeoutFuture;
use js_sys::Reflect;
use piece_store::{BrowserStore, StoreErrorKind};
use protocol::download::{Cause, Engine, Lack};
use protocol::routes;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, RegistrationOptions, ServiceWorkerRegistration, ServiceWorkerUpdateViaCache, Window,
};

thread_local! {
    /// What this window has, once it is known. Pages show many models, which all need it.
    static DEVICE: RefCell<Option<Device>> = const { RefCell::new(None) };
}

/// The browser's side of downloads, once everything is there.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub store: BrowserStore,
    pub worker: ServiceWorkerRegistration,
    /// `None` where the browser has no Background Fetch.
    pub background: Option<BackgroundFetch>,
}

/// Why there is none.
pub(crate) enum NoDevice {
    /// Not in this window, ever.
    Lacks(Lack),
    /// Not now. Another try may succeed.
    Failed(Cause),
}

impl Device {
    /// Registers the worker and opens the store, unless that has been done already.
    pub(crate) async fn open() -> Result<Self, NoDevice> {
        if let Some(device) = DEVICE.with_borrow(Clone::clone) {
            return Ok(device);
        }
        let device = Self::open_anew().await?;
        DEVICE.replace(Some(device.clone()));
        Ok(device)
    }

    async fn open_anew() -> Result<Self, NoDevice> {
        let window = window();
        if !window.is_secure_context() {
            return Err(NoDevice::Lacks(Lack::SecureContext));
        }
        let registration = register(&window).await.map_err(|error| {
            log("the service worker could not be registered", &error);
            match is_lasting(&error) {
                true => NoDevice::Lacks(Lack::ServiceWorker),
                false => NoDevice::Failed(Cause::Network),
            }
        })?;
        let store = BrowserStore::open().await.map_err(|error| {
            log("the store could not be opened", &error.to_string().into());
            match error.kind {
                StoreErrorKind::Unsupported => NoDevice::Lacks(Lack::Storage),
                StoreErrorKind::NoRoom => NoDevice::Failed(Cause::NoRoom),
                StoreErrorKind::Other => NoDevice::Failed(Cause::Storage),
            }
        })?;
        let background = BackgroundFetch::of(&registration).ok();
        Ok(Self { store, worker: registration, background })
    }

    /// The engine this browser offers.
    pub(crate) fn engine(&self) -> Engine {
        match self.background {
            Some(_) => Engine::Background,
            None => Engine::Page,
        }
    }
}

const NO_WORKERS: &str = "there is no navigator.serviceWorker";

/// Whether registering a worker would fail again for this reason: this window has none, or is not allowed to. What else may
/// go wrong, such as a script that does not come, may go right the next time.
#[must_use]
pub fn is_lasting(error: &JsValue) -> bool {
    let name = error.dyn_ref::<DomException>().map(DomException::name);
    *error == NO_WORKERS || matches!(name.as_deref(), Some("SecurityError" | "NotSupportedError"))
}

/// Returns once a worker is active: only then can a background fetch be started.
///
/// # Errors
/// What the browser throws, also where it has no workers.
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
    while registration.active().is_none() {
        if registration.installing().is_none() && registration.waiting().is_none() {
            return Err("the service worker could not be installed".into());
        }
        TimeoutFuture::new(20).await;
    }
    Ok(registration)
}

/// This window.
#[must_use]
pub fn window() -> Window {
    js_sys::global().unchecked_into()
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    js_sys::Date::now() as u64
}

/// What no person needs to act on goes to the console, never nowhere.
pub fn log(what: &str, error: &JsValue) {
    web_sys::console::warn_2(&format!("modelferry: {what}:").into(), error);
}
