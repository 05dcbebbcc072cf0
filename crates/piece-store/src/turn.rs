//! Whose turn it is: of all tabs and workers of an origin, one at a time (Web Locks API).

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use futures_util::future::{Either, select};
use js_sys::{Array, Function, Object, Promise, Reflect};
use protocol::{Digest, ModelId};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

use crate::StoreError;

mod glue {
    //! `web-sys` has these behind a flag for the whole build.

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

/// While it lives, no other tab or worker has the turn of this name.
#[derive(Debug)]
pub struct Turn {
    /// Ends it; `None` where the browser has no locks, and tabs cannot know of each other.
    end: Option<Function>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(end) = &self.end {
            // Settling a promise does not throw.
            let _ = end.call0(&JsValue::UNDEFINED);
        }
    }
}

/// How the names of page engines' turns begin.
const PAGE_ENGINE: &str = "modelferry page ";

/// The names of turns.
#[derive(Clone, Copy, Debug)]
pub enum TurnOf<'a> {
    /// To store or remove manifests: what is counted as kept must not be removed before its manifest is stored.
    Store,
    /// To fetch this model in the page itself.
    PageEngine(&'a ModelId),
    /// To ask the browser for a background fetch of this model.
    Start(&'a ModelId),
    /// To take the pieces of a background fetch of this model that has ended.
    Salvage(&'a ModelId),
    /// To store this piece.
    Piece(&'a Digest),
}

impl fmt::Display for TurnOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store => f.write_str("modelferry store"),
            Self::PageEngine(model) => write!(f, "{PAGE_ENGINE}{model}"),
            Self::Start(model) => write!(f, "modelferry start {model}"),
            Self::Salvage(model) => write!(f, "modelferry salvage {model}"),
            Self::Piece(digest) => write!(f, "modelferry piece {digest}"),
        }
    }
}

impl Turn {
    /// Waits for a turn. Where the browser has no locks, everybody's turn is at once.
    ///
    /// # Errors
    /// What the browser throws, such as an `AbortError` after the signal.
    pub async fn wait(of: TurnOf<'_>, signal: Option<&AbortSignal>) -> Result<Self, StoreError> {
        let options = Object::new();
        if let Some(signal) = signal {
            Reflect::set(&options, &"signal".into(), signal)?;
        }
        let turn = Self::request(of, &options).await?;
        turn.ok_or_else(|| JsValue::from_str("the lock was given back at once").into())
    }

    /// Takes a turn if nobody has it.
    ///
    /// # Errors
    /// What the browser throws.
    pub async fn if_free(of: TurnOf<'_>) -> Result<Option<Self>, StoreError> {
        let options = Object::new();
        Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE)?;
        Self::request(of, &options).await
    }

    /// Whether somebody has the turn now. Nobody is kept from it by the question. Where the browser has no locks, nobody
    /// knows.
    ///
    /// # Errors
    /// What the browser throws.
    pub async fn is_taken(of: TurnOf<'_>) -> Result<bool, StoreError> {
        let name = of.to_string();
        is_any_held(|held| held == name).await
    }

    /// Whether some page fetches some model itself. The same holds.
    ///
    /// # Errors
    /// What the browser throws.
    pub async fn is_any_page_engine_at_work() -> Result<bool, StoreError> {
        is_any_held(|held| held.starts_with(PAGE_ENGINE)).await
    }

    async fn request(of: TurnOf<'_>, options: &Object) -> Result<Option<Self>, StoreError> {
        let Some(locks) = locks()? else {
            return Ok(Some(Self { end: None }));
        };
        // The lock is held until the promise that the callback returns is settled.
        let waiting = Waiting::default();
        let mut wake = None;
        let granted = Promise::new(&mut |resolve, _| wake = Some(resolve));
        let wake = wake.ok_or_else(|| JsValue::from_str("a promise did not run its executor"))?;
        let state = Rc::clone(&waiting.0);
        let callback = Closure::once_into_js(move |lock: JsValue| {
            if lock.is_null() || matches!(*state.borrow(), Granting::GivenUp) {
                // Somebody else has it, or nobody waits for it any more.
                return JsValue::UNDEFINED;
            }
            let held = Promise::new(&mut |end, _| {
                state.replace(Granting::Granted(Turn { end: Some(end) }));
            });
            let _ = wake.call0(&JsValue::UNDEFINED);
            held.into()
        });
        let request = locks.request(&of.to_string(), options, callback.unchecked_ref())?;
        match select(JsFuture::from(granted), JsFuture::from(request)).await {
            Either::Left(_) => Ok(waiting.granted()),
            Either::Right((Err(error), _)) => Err(error.into()),
            Either::Right((Ok(_), _)) => Ok(None),
        }
    }
}

/// How a request for a lock stands.
#[derive(Default)]
enum Granting {
    #[default]
    Asked,
    Granted(Turn),
    GivenUp,
}

/// Whoever waits for a lock. If that ends before the lock is granted, it is given back as soon as it is.
#[derive(Default)]
struct Waiting(Rc<RefCell<Granting>>);

impl Waiting {
    fn granted(&self) -> Option<Turn> {
        match self.0.replace(Granting::GivenUp) {
            Granting::Granted(turn) => Some(turn),
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
