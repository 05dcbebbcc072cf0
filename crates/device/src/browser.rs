//! What this window can do: worker, store, Background Fetch.

use std::cell::RefCell;

use background_fetch::BackgroundFetch;
use js_sys::Reflect;
use piece_store::{BrowserStore, StoreErrorKind};
use protocol::download::{Engine, Lack};
use protocol::routes;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RegistrationOptions, ServiceWorkerRegistration, ServiceWorkerUpdateViaCache, Window};

thread_local! {
    /// What this window has, once it is known. Pages show many models, which all need it.
    static DEVICE: RefCell<Option<Device>> = const { RefCell::new(None) };
}

/// The browser's side of downloads, once everything is there.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub store: BrowserStore,
    /// `None` where the browser has no Background Fetch.
    pub background: Option<BackgroundFetch>,
}

impl Device {
    /// Registers the worker and opens the store, unless that has been done already.
    pub(crate) async fn open() -> Result<Self, Lack> {
        if let Some(device) = DEVICE.with_borrow(Clone::clone) {
            return Ok(device);
        }
        let device = Self::open_anew().await?;
        DEVICE.replace(Some(device.clone()));
        Ok(device)
    }

    async fn open_anew() -> Result<Self, Lack> {
        let window = window();
        if !window.is_secure_context() {
            return Err(Lack::SecureContext);
        }
        let registration = register(&window).await.map_err(|error| {
            log("the service worker could not be registered", &error);
            Lack::ServiceWorker
        })?;
        let store = BrowserStore::open().await.map_err(|error| {
            log("the store could not be opened", &error.to_string().into());
            match error.kind {
                StoreErrorKind::Unsupported | StoreErrorKind::NoRoom | StoreErrorKind::Other => Lack::Storage,
            }
        })?;
        Ok(Self { store, background: BackgroundFetch::of(&registration).ok() })
    }

    /// The engine this browser offers.
    pub(crate) fn engine(&self) -> Engine {
        match self.background {
            Some(_) => Engine::Background,
            None => Engine::Page,
        }
    }
}

/// Returns once a worker is active: only then can a background fetch be started.
///
/// # Errors
/// What the browser throws, also where it has no workers.
pub async fn register(window: &Window) -> Result<ServiceWorkerRegistration, JsValue> {
    let navigator = window.navigator();
    if !Reflect::has(&navigator, &"serviceWorker".into())? {
        return Err("there is no navigator.serviceWorker".into());
    }
    let container = navigator.service_worker();
    let options = RegistrationOptions::new();
    options.set_update_via_cache(ServiceWorkerUpdateViaCache::None);
    JsFuture::from(container.register_with_options(routes::SERVICE_WORKER, &options)).await?;
    Ok(JsFuture::from(container.ready()?).await?.unchecked_into())
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
