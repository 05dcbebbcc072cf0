//! Surveys the device, and stores manifest and intent before the first byte of a download.

use piece_store::{LockName, Locks as _, Pieces as _, StoreError, StoredModel};
use protocol::download::{Activity, Cause, Plan, Survey};
use protocol::{Intent, IntentState, Manifest, ModelId, Revision};

use crate::ports::{Device, Ports, Runtime as _};
use crate::registrations;

/// What is on the device of one revision, and what the browser is doing about it.
pub(crate) async fn survey<P: Ports>(
    device: &Device<P>,
    model: &ModelId,
    revision: Revision,
) -> Result<Survey, StoreError> {
    // While the worker stores the pieces of a background fetch, the browser does not list that fetch any
    // more. The store does not have all its pieces yet.
    let _lock = device.locks.wait(LockName::Recovery(model)).await?;
    let activity = registrations::activity(device, model, revision).await;
    look(device, model, revision, activity).await
}

async fn look<P: Ports>(
    device: &Device<P>,
    model: &ModelId,
    revision: Revision,
    // Asked for first: what ends from now on is waited for, and the worker cannot store it before this look is over.
    activity: Activity,
) -> Result<Survey, StoreError> {
    let store = &device.store;
    let mut stored = store.stored(model, revision).await?;
    // In this order: a page writes the intent before it takes this lock.
    let page_works =
        device.background.is_some() && device.locks.is_taken(LockName::PageEngine(model)).await?;
    let intent = store.intent(model).await?;
    let mut readable = None;
    let mut older = false;
    if !stored.as_ref().is_some_and(StoredModel::is_ready) {
        for other in store.manifests_of(model).await? {
            if other.revision() != revision {
                // Where this revision is stored, another one is on its way out.
                older = stored.is_none();
                if Plan::new(&other, &store.kept(&other).await?).is_complete() {
                    readable = Some(other.revision());
                }
            }
        }
    }
    // What a worker or a page has stored but not verified would else be fetched once more. Not while the browser fetches: it
    // brings those pieces again all the same.
    if let (Some(known), Activity::Idle) = (&stored, &activity)
        && recover(device, known).await
    {
        stored = store.stored(model, revision).await?;
    }
    let plan = stored.map(|stored| Plan::new(&stored.manifest, &stored.kept));
    // A page that fetches small pieces beside a background fetch has that lock too; the intent names the attempt then.
    // A page that fetches small pieces beside a background fetch has that lock too; the intent names the attempt then.
    let page_elsewhere = page_works && intent.is_some_and(|intent| intent.nonce.is_none());
    Ok(Survey { older, readable, plan, intent, activity, page_elsewhere })
}

async fn recover<P: Ports>(device: &Device<P>, stored: &StoredModel) -> bool {
    let pieces = stored.manifest.pieces().iter().map(|piece| piece.digest).collect();
    device.store.pieces().recover_all(&pieces).await.unwrap_or_else(|error| {
        device.runtime.log("what was not verified could not be looked at", &error);
        false
    })
}

/// Stores intent and manifest before the first byte is fetched, then looks.
pub(crate) async fn prepare<P: Ports>(device: &Device<P>, manifest: &Manifest) -> Result<Survey, Cause> {
    let prepared = store_and_look(device, manifest).await;
    prepared.map_err(|error| {
        device.runtime.log("the download could not be prepared", &error);
        error.into()
    })
}

async fn store_and_look<P: Ports>(device: &Device<P>, manifest: &Manifest) -> Result<Survey, StoreError> {
    let (store, model, revision) = (&device.store, manifest.model(), manifest.revision());
    let _recovery = device.locks.wait(LockName::Recovery(model)).await?;
    let activity = registrations::activity(device, model, revision).await;
    let _store = device.locks.wait(LockName::Store).await?;
    store.put_manifest(manifest).await?;
    let intent = store.intent(model).await?;
    // One that stands already stays as it is: what another page has written since this one read it would be lost.
    if intent.is_none_or(|intent| intent.revision != revision || intent.state != IntentState::Active) {
        store.put_intent(model, &Intent { revision, state: IntentState::Active, nonce: None }).await?;
    }
    // Background fetches of revisions that are not wanted any more would only take bandwidth. The intent no longer
    // names them, so their end is not taken for the user's Cancel.
    registrations::abort_all(device, model, |attempt| attempt.revision != revision).await;
    look(device, model, revision, activity).await
}
