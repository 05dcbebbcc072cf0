//! Locks with the Web Locks API (<https://w3c.github.io/web-locks/>).

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::{Either, select};
use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::locks::PAGE_ENGINE;
use crate::{LockName, Locks, StoreError};

mod glue {
    //! In `web-sys` these are an unstable API, which a flag enables for the whole build.

    use js_sys::{Function, Object, Promise};
    use wasm_bindgen::JsValue;
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        pub(super) type LockManager;

        #[wasm_bindgen(method, catch)]
        pub(super) fn request(
            this: &LockManager,
            name: &str,
            options: &Object,
            granted: &Function,
        ) -> Result<Promise, JsValue>;

        #[wasm_bindgen(method, catch)]
        pub(super) fn query(this: &LockManager) -> Result<Promise, JsValue>;
    }
}

/// A lock of this origin, until it is dropped.
#[derive(Debug)]
pub struct WebLock {
    /// Releases it; `None` where the browser has no locks, and tabs cannot know of each other.
    release: Option<Function>,
}

impl Drop for WebLock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            // Settling a promise does not throw.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// The locks of this origin.
#[derive(Clone, Copy, Debug, Default)]
pub struct WebLocks;

impl Locks for WebLocks {
    type Lock = WebLock;

    async fn wait(&self, name: LockName<'_>) -> Result<WebLock, StoreError> {
        let lock = request(name, &Object::new()).await?;
        lock.ok_or_else(|| JsValue::from_str("the lock was released at once").into())
    }

    async fn if_free(&self, name: LockName<'_>) -> Result<Option<WebLock>, StoreError> {
        let options = Object::new();
        Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE)?;
        request(name, &options).await
    }

    async fn is_taken(&self, name: LockName<'_>) -> Result<bool, StoreError> {
        let name = name.to_string();
        is_any_held(|held| held == name).await
    }

    async fn is_any_page_engine_at_work(&self) -> Result<bool, StoreError> {
        is_any_held(|held| held.starts_with(PAGE_ENGINE)).await
    }
}

async fn request(name: LockName<'_>, options: &Object) -> Result<Option<WebLock>, StoreError> {
    let Some(locks) = locks()? else {
        return Ok(Some(WebLock { release: None }));
    };
    // The lock is held until the promise that the callback returns is settled.
    let waiting = Waiting::default();
    let mut wake = None;
    let granted = Promise::new(&mut |resolve, _| wake = Some(resolve));
    let wake = wake.ok_or_else(|| JsValue::from_str("a promise did not run its executor"))?;
    let state = Rc::clone(&waiting.0);
    let callback = Closure::once_into_js(move |lock: JsValue| {
        if lock.is_null() || matches!(*state.borrow(), Granting::GivenUp) {
            // The lock is taken, or its future was dropped.
            return JsValue::UNDEFINED;
        }
        let held = Promise::new(&mut |release, _| {
            state.replace(Granting::Granted(WebLock { release: Some(release) }));
        });
        let _ = wake.call0(&JsValue::UNDEFINED);
        held.into()
    });
    let request = locks.request(&name.to_string(), options, callback.unchecked_ref())?;
    match select(JsFuture::from(granted), JsFuture::from(request)).await {
        Either::Left(_) => Ok(waiting.granted()),
        Either::Right((Err(error), _)) => Err(error.into()),
        Either::Right((Ok(_), _)) => Ok(None),
    }
}

/// How a request for a lock stands.
#[derive(Default)]
enum Granting {
    #[default]
    Asked,
    Granted(WebLock),
    GivenUp,
}

/// A wait for a lock. If the wait is dropped before the lock is granted, the lock is released once it is granted.
#[derive(Default)]
struct Waiting(Rc<RefCell<Granting>>);

impl Waiting {
    fn granted(&self) -> Option<WebLock> {
        match self.0.replace(Granting::GivenUp) {
            Granting::Granted(lock) => Some(lock),
            Granting::Asked | Granting::GivenUp => None,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.granted());
    }
}

/// Whether there is a lock of such a name.
async fn is_any_held(is_meant: impl Fn(&str) -> bool) -> Result<bool, StoreError> {
    let Some(locks) = locks()? else { return Ok(false) };
    let held = Reflect::get(&JsFuture::from(locks.query()?).await?, &"held".into())?;
    for lock in Array::from(&held).iter() {
        if Reflect::get(&lock, &"name".into())?.as_string().is_some_and(|name| is_meant(&name)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The locks of this origin, if the browser has any.
fn locks() -> Result<Option<glue::LockManager>, JsValue> {
    let field = |object: &JsValue, name: &str| Reflect::get(object, &JsValue::from_str(name));
    let locks = field(&field(&js_sys::global(), "navigator")?, "locks")?;
    Ok((!locks.is_undefined()).then(|| locks.unchecked_into()))
}
