//! The entry: whether there is Background Fetch, and what a service worker registration offers of it.

use js_sys::{Array, JsString, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::ServiceWorkerRegistration;

use crate::glue::{BackgroundFetchManager, Host};
use crate::{Error, Options, Registration, RequestInfo};

/// Whether this browser has Background Fetch, asked from a window or a worker.
///
/// In a service worker it may be read but not started, and a dedicated worker has no registration to start it
/// with: only a window can.
#[must_use]
pub fn is_supported() -> bool {
    let property = |object: &JsValue, name: &str| Reflect::get(object, &JsString::from(name)).ok();
    property(&js_sys::global(), "ServiceWorkerRegistration")
        .and_then(|class| property(&class, "prototype"))
        .is_some_and(|prototype| {
            Reflect::has(&prototype, &JsString::from("backgroundFetch")).unwrap_or(false)
        })
}

/// The background fetches of one service worker registration (`BackgroundFetchManager`).
#[derive(Clone, Debug)]
pub struct BackgroundFetch {
    inner: BackgroundFetchManager,
}

impl BackgroundFetch {
    /// Those of a registration.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported).
    pub fn of(registration: &ServiceWorkerRegistration) -> Result<Self, Error> {
        let host: &Host = registration.unchecked_ref();
        match host.background_fetch() {
            Some(inner) => Ok(Self { inner }),
            None => Err(Error::unsupported()),
        }
    }

    /// Starts to fetch. The `id` must not be that of an active fetch; its completion event frees it.
    ///
    /// Only in a window, with an active service worker, and once per click or key press; best called in the
    /// handler of that click.
    ///
    /// # Errors
    /// [`NotAllowed`](crate::ErrorKind::NotAllowed), [`DuplicateId`](crate::ErrorKind::DuplicateId),
    /// [`TooManyActive`](crate::ErrorKind::TooManyActive),
    /// [`QuotaExceeded`](crate::ErrorKind::QuotaExceeded), [`InvalidState`](crate::ErrorKind::InvalidState)
    /// without an active worker, and [`BadRequest`](crate::ErrorKind::BadRequest), also without any request.
    pub async fn fetch<R: Into<RequestInfo>>(
        &self,
        id: &str,
        requests: impl IntoIterator<Item = R>,
        options: &Options,
    ) -> Result<Registration, Error> {
        let requests: Array = requests.into_iter().map(|request| request.into().into_js()).collect();
        let inner = self.inner.fetch(id, &requests, &options.to_js())?.await?;
        Ok(Registration::from(inner))
    }

    /// The active fetch of that id, in a new object that starts with the browser's present numbers.
    ///
    /// # Errors
    /// [`BadRequest`](crate::ErrorKind::BadRequest) if the id is empty; [`Other`](crate::ErrorKind::Other).
    pub async fn get(&self, id: &str) -> Result<Option<Registration>, Error> {
        let found = self.inner.get(id)?.await?;
        let present = !found.is_null() && !found.is_undefined();
        Ok(present.then(|| Registration::from_js(found)))
    }

    /// The ids of all active fetches, in no particular order.
    ///
    /// # Errors
    /// [`Other`](crate::ErrorKind::Other).
    pub async fn get_ids(&self) -> Result<Vec<String>, Error> {
        let ids = self.inner.get_ids()?.await?;
        Ok(ids.iter().map(String::from).collect())
    }
}
