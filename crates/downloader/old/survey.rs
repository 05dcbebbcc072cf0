//! Looking at the device, and getting it ready for a download.

use background_fetch::FetchResult;
use piece_store::{StoreError, StoredModel, Turn, TurnOf, sha256};
use protocol::download::{Active, Cause, Plan, Survey};
use protocol::{AttemptId, DigestSet, Manifest, ModelId, Revision, Wish, WishState, routes};
use wasm_bindgen::JsValue;

use crate::browser::{Device, log, window};
use crate::http;

/// What is on the device of one revision, and what the browser is doing about it.
pub(crate) async fn survey(
    device: &Device,
    model: &ModelId,
    revision: Revision,
) -> Result<Survey, StoreError> {
    // While the worker takes what a background fetch has brought, the browser does not know that fetch any more,
    // and the store does not have it all yet.
    let _turn = Turn::wait(TurnOf::Salvage(model), None).await?;
    look(device, model, revision).await
}

async fn look(device: &Device, model: &ModelId, revision: Revision) -> Result<Survey, StoreError> {
    let mut stored = device.store.stored(model, revision).await?;
    let wish = device.store.wish(model).await?;
    let mut readable = None;
    let mut older = false;
    if !stored.as_ref().is_some_and(StoredModel::is_ready) {
        for other in device.store.manifests_of(model).await? {
            if other.revision() != revision {
                // Where this revision is stored, another one is on its way out.
                older = stored.is_none();
                if Plan::new(&other, &device.store.kept(&other).await?).is_complete() {
                    readable = Some(other.revision());
                }
            }
        }
    }
    let active = active(device, model, revision).await;
    // What a worker or a page that went has stored but not verified would else be fetched once more. Not while the
    // browser fetches: it brings those pieces again all the same.
    if let (Some(known), None) = (&stored, &active)
        && recover(device, known).await
    {
        stored = device.store.stored(model, revision).await?;
    }
    let plan = stored.map(|stored| Plan::new(&stored.manifest, &stored.kept));
    // Who fetches small pieces beside a background fetch has that turn too; the wish names the attempt then.
    let page_elsewhere = device.background.is_some()
        && wish.is_some_and(|wish| wish.nonce.is_none())
        && Turn::is_taken(TurnOf::PageEngine(model)).await?;
    Ok(Survey { older, readable, plan, wish, active, page_elsewhere })
}

async fn recover(device: &Device, stored: &StoredModel) -> bool {
    let pieces = stored.manifest.pieces().iter().map(|piece| piece.digest).collect();
    device.store.pieces().recover_all(&pieces).await.unwrap_or_else(|error| {
        log("what was not verified could not be looked at", &error.to_string().into());
        false
    })
}

/// The background fetches of a model that the browser knows, of whatever revision.
pub(crate) async fn attempts(device: &Device, model: &ModelId) -> Vec<AttemptId> {
    let Some(background) = &device.background else {
        return Vec::new();
    };
    match background.get_ids().await {
        Ok(ids) => {
            let attempts = ids.iter().filter_map(|id| id.parse().ok());
            attempts.filter(|attempt: &AttemptId| attempt.model == *model).collect()
        }
        Err(error) => {
            log("the browser does not tell its background fetches", &error.to_string().into());
            Vec::new()
        }
    }
}

async fn active(device: &Device, model: &ModelId, revision: Revision) -> Option<Active> {
    let background = device.background.as_ref()?;
    for attempt in attempts(device, model).await {
        if attempt.revision != revision {
            continue;
        }
        if let Ok(Some(registration)) = background.get(&attempt.to_string()).await
            && registration.result() == FetchResult::Pending
            && let Ok(records) = registration.match_all().await
        {
            let asked: DigestSet =
                records.iter().filter_map(|record| routes::parse_piece(&record.url())).collect();
            return Some(Active { attempt, asked, downloaded: registration.downloaded() });
        }
    }
    None
}

/// Stores wish and manifest before the first byte is fetched, then looks.
pub(crate) async fn prepare(device: &Device, model: &ModelId, revision: Revision) -> Result<Survey, Cause> {
    let storage = |error: StoreError| {
        log("the download could not be prepared", &error.to_string().into());
        match error.kind {
            piece_store::StoreErrorKind::NoRoom => Cause::NoRoom,
            piece_store::StoreErrorKind::Unsupported | piece_store::StoreErrorKind::Other => Cause::Storage,
        }
    };
    // The server's first: it may cut files into other pieces by now. Without a network, the stored one will do.
    let manifest = match fetch_manifest(model, Some(revision)).await {
        Err(cause) if cause.is_passing() => {
            device.store.manifest(model, revision).await.map_err(storage)?.ok_or(cause)?
        }
        fetched => fetched?,
    };
    let _salvage = Turn::wait(TurnOf::Salvage(model), None).await.map_err(storage)?;
    let _store = Turn::wait(TurnOf::Store, None).await.map_err(storage)?;
    device.store.put_manifest(&manifest).await.map_err(storage)?;
    let wish = device.store.wish(model).await.map_err(storage)?;
    let nonce = wish.filter(|wish| wish.revision == revision).and_then(|wish| wish.nonce);
    let wish = Wish { revision, state: WishState::Active, nonce };
    device.store.put_wish(model, &wish).await.map_err(storage)?;
    // Background fetches of revisions that are not wanted any more would only take bandwidth. The wish no longer
    // names them, so their end is not taken for the person's.
    abort(device, model, |attempt| attempt.revision != revision).await;
    look(device, model, revision).await.map_err(storage)
}

/// Asks the server which revision it has now. If it is another one, and the person still wants it then, wants that and shows
/// its page, which begins by itself; says whether it is.
pub(crate) async fn renew(
    device: &Device,
    model: &ModelId,
    revision: Revision,
    is_wanted: impl Fn() -> bool,
) -> Result<bool, Cause> {
    let current = current(model).await?;
    if !is_wanted() {
        return Err(Cause::Cancelled);
    }
    if current == revision {
        return Ok(false);
    }
    let wish = Wish { revision: current, state: WishState::Active, nonce: None };
    device.store.put_wish(model, &wish).await.map_err(|error| {
        log("the wish could not be stored", &error.to_string().into());
        Cause::Storage
    })?;
    window().location().reload().map_err(|error| {
        log("the page could not be loaded again", &error);
        Cause::Browser
    })?;
    Ok(true)
}

/// Asks the server which revision it has now.
///
/// # Errors
/// Why it could not be had; [`Cause::Gone`] if there is no such model.
pub async fn current(model: &ModelId) -> Result<Revision, Cause> {
    Ok(fetch_manifest(model, None).await?.revision())
}

/// Ends the background fetches of a model that are meant.
pub(crate) async fn abort(device: &Device, model: &ModelId, is_meant: impl Fn(&AttemptId) -> bool) {
    for attempt in attempts(device, model).await {
        if is_meant(&attempt) {
            crate::background::abort(device, &attempt).await;
        }
    }
}

/// The manifest of a revision, or of the current one.
async fn fetch_manifest(model: &ModelId, revision: Option<Revision>) -> Result<Manifest, Cause> {
    let network = |error: JsValue| {
        log("the manifest could not be fetched", &error);
        Cause::Network
    };
    let url = match revision {
        Some(revision) => routes::manifest(model, revision),
        None => routes::manifest(model, routes::MAIN),
    };
    let url = format!("{url}?{}", routes::MANIFEST_AS_TEXT);
    let text = match http::text(&url).await.map_err(network)? {
        (200, text) => text,
        (404 | 410, _) => return Err(Cause::Gone),
        (status, _) => return Err(Cause::Status(status)),
    };
    let manifest = Manifest::from_text(&text).ok_or_else(|| {
        log("the manifest is not understood", &JsValue::from_str(&url));
        Cause::Corrupt(1)
    })?;
    // The manifest is named by what it says of the files, so a wrong one is noticed like a wrong piece.
    let lines = Manifest::revision_lines(manifest.files());
    let digest = sha256(&lines.as_bytes().into()).await.or(Err(Cause::Storage))?;
    let right = Revision::from_lines_digest(&digest) == manifest.revision()
        && revision.is_none_or(|revision| manifest.revision() == revision)
        && manifest.model() == model;
    if right { Ok(manifest) } else { Err(Cause::Corrupt(1)) }
}
