//! Lists the ready models and their pieces.
//!
//! The worker derives *ready* from the store, and remembers it until a message reports a change or the
//! worker ends. This can be out of date, because a browser evicts data without an event. Each piece is
//! therefore looked up when it is needed, and fetched again if it is missing.

use std::cell::RefCell;
use std::rc::Rc;

use downloader::browser::{WorkerPorts, worker_device};
use downloader::ports::{Broadcast as _, Device};
use piece_store::{AsyncMutex, Pieces as _};
use protocol::routes::OfModel;
use protocol::{BroadcastMessage, CHANNEL, Manifest, Piece, TextForm as _};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{BroadcastChannel, Response};

use super::{Unreadable, last_blob};

thread_local! {
    static READY: RefCell<Vec<Rc<Ready>>> = const { RefCell::new(Vec::new()) };
    /// Who fetches a piece again. Many at once would have all their pieces in memory to verify them.
    static HEALING: Rc<AsyncMutex> = Rc::default();
}

/// A revision of a model that is ready.
#[derive(Debug)]
pub(super) struct Ready {
    pub manifest: Manifest,
    device: Device<WorkerPorts>,
}

/// Hears of changes from now on. Synchronous on purpose, see the crate's documentation.
pub(crate) fn listen() -> Result<(), JsValue> {
    let channel = BroadcastChannel::new(CHANNEL)?;
    // Pages tell how far they are several times a second, and that a piece has come; neither takes anything away.
    let heard = Closure::<dyn Fn(JsValue)>::new(|event: JsValue| {
        let data = js_sys::Reflect::get(&event, &"data".into()).ok().and_then(|data| data.as_string());
        match data.and_then(|text| BroadcastMessage::from_text(&text)) {
            Some(BroadcastMessage::Progress { .. } | BroadcastMessage::Admitted { .. }) => {}
            Some(
                BroadcastMessage::Changed { .. }
                | BroadcastMessage::Refused { .. }
                | BroadcastMessage::Finished { .. },
            )
            | None => {
                forget();
            }
        }
    });
    channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    heard.forget();
    // So must the channel.
    std::mem::forget(channel);
    Ok(())
}

/// Something has changed: what is asked for next is looked up again.
pub(crate) fn forget() {
    READY.take();
    last_blob::forget();
}

/// The revision that is asked for, if it is ready.
pub(super) async fn find(asked: &OfModel) -> Result<Option<Rc<Ready>>, Unreadable> {
    let is_meant = |manifest: &Manifest| {
        *manifest.model() == asked.model
            && asked.revision.is_none_or(|revision| manifest.revision() == revision)
    };
    let known = READY.with_borrow(|known| known.iter().find(|ready| is_meant(&ready.manifest)).cloned());
    if known.is_some() {
        return Ok(known);
    }
    let device = worker_device().await?;
    let store = &device.store;
    let mut manifests = store.manifests_of(&asked.model).await?;
    manifests.retain(is_meant);
    if manifests.is_empty() {
        return Ok(None);
    }
    let kept = store.pieces().list().await?;
    // While a newer revision has just become ready and the older one is not yet let go, either will do.
    let whole = |manifest: &Manifest| manifest.pieces().iter().all(|piece| kept.contains(&piece.digest));
    let Some(manifest) = manifests.into_iter().find(whole) else {
        return Ok(None);
    };
    let ready = Rc::new(Ready { manifest, device });
    READY.with_borrow_mut(|known| known.push(Rc::clone(&ready)));
    Ok(Some(ready))
}

impl Ready {
    /// The stored body of a piece. If it is gone, it is fetched again first.
    pub(super) async fn piece(&self, piece: &Piece) -> Result<Response, Unreadable> {
        let pieces = self.device.store.pieces();
        if let Some(response) = pieces.response(&piece.digest).await? {
            return Ok(response);
        }
        let healing = HEALING.with(Rc::clone);
        let guard = healing.lock().await;
        self.heal(piece).await?;
        drop(guard);
        pieces.response(&piece.digest).await?.ok_or(Unreadable::Removed)
    }

    async fn heal(&self, piece: &Piece) -> Result<(), Unreadable> {
        let digest = &piece.digest;
        if !self.device.store.has_manifest(self.manifest.model(), self.manifest.revision()).await? {
            forget();
            return Err(Unreadable::Removed);
        }
        downloader::fetch(&self.device, piece).await?;
        self.device.broadcast.send(&BroadcastMessage::Admitted { digest: *digest }).await;
        Ok(())
    }
}
