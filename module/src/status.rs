//! The state of a model on this device, and whether a download is running. This reads the store and asks
//! the browser, and starts nothing.

use std::collections::BinaryHeap;

use background_fetch::BackgroundFetch;
use downloader::browser;
use js_sys::Reflect;
use piece_store::{BrowserStore, LockName, Locks as _, StoreError, StoredModel, WebLocks};
use protocol::download::{Download, Engine, Plan};
use protocol::{AttemptId, Intent, IntentState, ModelId, Revision, TextForm as _};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ServiceWorkerRegistration, Window};

use crate::failure::object;

/// The state of one revision of a model.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Status {
    pub model: ModelId,
    /// `None` if nothing is here.
    pub revision: Option<Revision>,
    pub stands: Stands,
    /// Bytes that are kept.
    pub loaded: u64,
    /// Bytes of all files; 0 if nothing is here.
    pub total: u64,
}

/// How it stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stands {
    /// Nothing is here.
    Absent,
    /// The browser, this page or another page fetches it.
    Fetching(Engine),
    /// A part is stored, and no download is running.
    Interrupted,
    /// Everything is here.
    Ready,
}

impl Status {
    /// Of this revision, or of the one that matters most: that which is wanted, else one that is complete, else any.
    pub(crate) async fn of(
        store: &BrowserStore,
        model: &ModelId,
        revision: Option<Revision>,
    ) -> Result<Self, StoreError> {
        let intent = store.intent(model).await?;
        let mut found: Option<(u8, StoredModel)> = None;
        for manifest in store.manifests_of(model).await? {
            let its = manifest.revision();
            if revision.is_some_and(|asked| asked != its) {
                continue;
            }
            let kept = store.kept(&manifest).await?;
            let stored = StoredModel { manifest, kept };
            let wanted = intent.as_ref().is_some_and(|intent| intent.revision == its);
            let rank = if wanted { 2 } else { u8::from(stored.is_ready()) };
            if found.as_ref().is_none_or(|(best, _)| rank > *best) {
                found = Some((rank, stored));
            }
        }
        let Some((_, StoredModel { manifest, kept })) = found else {
            let (revision, stands) = match fetched_here(model, revision) {
                Some((revision, engine)) => (Some(revision), Stands::Fetching(engine)),
                None => (None, Stands::Absent),
            };
            return Ok(Self { model: model.clone(), revision, stands, loaded: 0, total: 0 });
        };
        let plan = Plan::new(&manifest, &kept);
        let fetched_by = match fetched_here(model, Some(manifest.revision())) {
            Some((_, engine)) => Some(engine),
            None => fetched_elsewhere(model, manifest.revision(), intent.as_ref()).await?,
        };
        let stands = match fetched_by {
            _ if plan.is_complete() => Stands::Ready,
            Some(engine) => Stands::Fetching(engine),
            None => Stands::Interrupted,
        };
        Ok(Self {
            model: model.clone(),
            revision: Some(manifest.revision()),
            stands,
            loaded: plan.kept_bytes(),
            total: plan.total(),
        })
    }

    /// Of a revision that is complete, if there is one: also while another is wanted that is not.
    pub(crate) async fn of_ready(store: &BrowserStore, model: &ModelId) -> Result<Option<Self>, StoreError> {
        for manifest in store.manifests_of(model).await? {
            let status = Self::of(store, model, Some(manifest.revision())).await?;
            if status.stands == Stands::Ready {
                return Ok(Some(status));
            }
        }
        Ok(None)
    }

    /// Of every model of which there is something, in the order of their names.
    pub(crate) async fn of_all(store: &BrowserStore) -> Result<Vec<Self>, StoreError> {
        // A heap sorts in a tenth of the code of `sort`.
        let models: BinaryHeap<_> =
            store.manifests().await?.iter().map(|manifest| manifest.model().clone()).collect();
        let mut models = models.into_sorted_vec();
        models.dedup();
        let mut all = Vec::new();
        for model in models {
            all.push(Self::of(store, &model, None).await?);
        }
        Ok(all)
    }
}

/// What this page itself fetches of a model, of this revision or of any.
fn fetched_here(model: &ModelId, revision: Option<Revision>) -> Option<(Revision, Engine)> {
    let look = |download: &Download| {
        let is_it = download.model() == model && revision.is_none_or(|asked| asked == download.revision());
        let engine = download.state().fetching().map_or(download.offered(), |fetching| fetching.engine);
        (is_it && download.is_busy()).then_some((download.revision(), engine))
    };
    browser::downloads().wanted().iter().find_map(|handle| handle.with(look))
}

/// What else fetches this revision, if anything does.
async fn fetched_elsewhere(
    model: &ModelId,
    revision: Revision,
    intent: Option<&Intent>,
) -> Result<Option<Engine>, StoreError> {
    if attempts().await?.iter().any(|attempt| attempt.model == *model && attempt.revision == revision) {
        return Ok(Some(Engine::Background));
    }
    let wanted =
        intent.is_some_and(|intent| intent.revision == revision && intent.state == IntentState::Active);
    // The page that does it has this lock.
    let by_page = wanted && WebLocks.is_taken(LockName::PageEngine(model)).await?;
    Ok(by_page.then_some(Engine::Page))
}

/// The background fetches that the browser works on. Without a worker there are none.
async fn attempts() -> Result<Vec<AttemptId>, StoreError> {
    let window: Window = js_sys::global().unchecked_into();
    let navigator = window.navigator();
    if !Reflect::has(&navigator, &"serviceWorker".into())? {
        return Ok(Vec::new());
    }
    let registration =
        JsFuture::from(navigator.service_worker().get_registration_with_document_url("/")).await?;
    let Some(registration) = registration.dyn_ref::<ServiceWorkerRegistration>() else {
        return Ok(Vec::new());
    };
    let Ok(background) = BackgroundFetch::of(registration) else { return Ok(Vec::new()) };
    let ids = background.get_ids().await.map_err(|error| JsValue::from_str(&error.to_string()))?;
    Ok(ids.iter().filter_map(|id| AttemptId::from_text(id)).collect())
}

impl From<Status> for JsValue {
    fn from(status: Status) -> Self {
        let Status { model, revision, stands, loaded, total } = status;
        let (state, engine) = match stands {
            Stands::Absent => ("absent", None),
            Stands::Fetching(engine) => ("fetching", Some(engine)),
            Stands::Interrupted => ("interrupted", None),
            Stands::Ready => ("ready", None),
        };
        object(&[
            ("model", model.to_string().into()),
            ("state", state.into()),
            ("revision", revision.map_or(Self::NULL, |revision| revision.to_string().into())),
            // No files have more than 2^53 bytes.
            ("loaded", Self::from_f64(loaded as f64)),
            ("total", Self::from_f64(total as f64)),
            ("engine", engine.map_or(Self::NULL, |engine| name(engine).into())),
        ])
    }
}

/// What an engine is called.
pub(crate) fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Background => "background",
        Engine::Page => "page",
    }
}
