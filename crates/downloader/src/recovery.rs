//! Recovery in the worker: stores every verified piece of an ended background fetch. Success, failure and
//! abort are treated alike, because the result says nothing about the bytes.

use piece_store::{LockName, Locks as _, Pieces as _, StoreError, StoredModel};
use protocol::download::{Millis, Settings};
use protocol::{AttemptId, BroadcastMessage, Digest, Ending, IntentState, Piece, Refusal, routes};

use crate::concurrency::{two_at_a_time, with_store_lock};
use crate::ports::{
    Broadcast as _, Device, Http as _, PieceRequest, Ports, Record as _, Registration, Response as _,
    Runtime as _,
};

/// How long a piece may take: this, and a millisecond for so many bytes. Others wait for it meanwhile.
const PATIENCE: Millis = 20_000;
const SLOWEST: u64 = 64;

/// Stores every record that matches its digest, and tells the pages. Returns whether the model is ready, or
/// `None` if the user does not want it any more or the store failed.
///
/// The event comes once. The records are gone when this function ends or is stopped, so each record is
/// stored as soon as it is verified, and nothing else comes first.
pub async fn on_fetch_complete<P: Ports>(
    device: &Device<P>,
    registration: &impl Registration<Body = P::Body>,
    attempt: &AttemptId,
) -> Option<bool> {
    // What is still called pending has ended all the same.
    let ending = registration.ending().unwrap_or(Ending::Unknown);
    let stored = store_records(device, registration, attempt, ending).await.unwrap_or_else(|error| {
        device.runtime.log("the store failed", &error);
        None
    });
    device.broadcast.send(&BroadcastMessage::Finished { attempt: attempt.clone(), ending }).await;
    stored.map(|stored| stored.is_ready())
}

/// The model as it is afterwards; `None` if it is not wanted any more.
async fn store_records<P: Ports>(
    device: &Device<P>,
    registration: &impl Registration<Body = P::Body>,
    attempt: &AttemptId,
    ending: Ending,
) -> Result<Option<StoredModel>, StoreError> {
    let store = &device.store;
    let AttemptId { model, revision, .. } = attempt;
    // Pages that look meanwhile would find half of it.
    let _lock = device.locks.wait(LockName::Recovery(model)).await?;
    // Without a manifest the user has discarded the model, and its pieces have no place any more.
    if !store.has_manifest(model, *revision).await? {
        return Ok(None);
    }
    match registration.records().await {
        Ok(records) => {
            two_at_a_time(records, async |record| {
                if let Some(digest) = routes::parse_piece(&record.url())
                    // Where the store does not say, the piece is put again.
                    && !matches!(store.pieces().has(&digest).await, Ok(true))
                {
                    let outcome = match record.ready().await {
                        Some(body) => store.pieces().admit_body(&digest, &body).await,
                        None => Err(Refusal::Unavailable),
                    };
                    tell(device, attempt, digest, outcome).await;
                }
            })
            .await;
        }
        Err(error) => device.runtime.log("the records are not available", &error),
    }
    if ending == Ending::Aborted {
        stop_intent(device, attempt).await?;
    }
    // Of another version than this worker's, or discarded while it worked: then the pieces have no place.
    let Some(manifest) = store.manifest(model, *revision).await? else {
        with_store_lock(device, async { store.sweep().await.map(drop) }).await?;
        return Ok(None);
    };
    if ending != Ending::Aborted {
        // The page that should have fetched the small ones may have been closed too early.
        let small = Settings::default().small;
        let kept = store.kept(&manifest).await?;
        for piece in manifest.pieces() {
            if piece.size < small && !kept.contains(&piece.digest) {
                let outcome = fetch(device, &piece).await;
                let is_away = outcome == Err(Refusal::Unavailable);
                tell(device, attempt, piece.digest, outcome).await;
                // Then the others would not come either, and pages wait for this to end.
                if is_away {
                    break;
                }
            }
        }
    }
    let stored = store.stored(model, *revision).await?;
    if stored.as_ref().is_some_and(StoredModel::is_ready) {
        with_store_lock(device, store.fulfil(model, *revision)).await?;
    }
    Ok(stored)
}

/// Fetches a piece from the server, verifies and stores it.
///
/// # Errors
/// Why it was not admitted.
pub async fn fetch<P: Ports>(device: &Device<P>, piece: &Piece) -> Result<(), Refusal> {
    let pieces = device.store.pieces();
    // Others that want this piece wait here, and then find it stored.
    let Some(reservation) = pieces.reserve(&piece.digest).await? else {
        return Ok(());
    };
    let timeout = Some(PATIENCE.saturating_add(piece.size.checked_div(SLOWEST).unwrap_or_default()));
    let request = PieceRequest { digest: piece.digest, range: None, timeout };
    match device.http.piece(&request).await {
        Ok(response) => pieces.verify(pieces.take(reservation, response.body()).await?).await,
        Err(_) => {
            pieces.give_back(reservation).await?;
            Err(Refusal::Unavailable)
        }
    }
}

/// Tells the pages what came of a piece.
async fn tell<P: Ports>(
    device: &Device<P>,
    attempt: &AttemptId,
    digest: Digest,
    outcome: Result<(), Refusal>,
) {
    let message = match outcome {
        Ok(()) => BroadcastMessage::Admitted { digest },
        Err(refusal) => {
            // A record that never arrived is nothing to look into; wrong bytes are.
            if refusal != Refusal::Unavailable {
                device.runtime.log("a piece was refused", &refusal);
            }
            BroadcastMessage::Refused { attempt: attempt.clone(), digest, refusal }
        }
    };
    device.broadcast.send(&message).await;
}

/// If the user stopped it in the browser's own interface, no page shall continue by itself.
///
/// Before a page aborts a background fetch, it stores an intent without an attempt, or for another revision. The
/// intent may name the attempt of a second page that started at the same moment, and was refused.
async fn stop_intent<P: Ports>(device: &Device<P>, attempt: &AttemptId) -> Result<(), StoreError> {
    match device.store.intent(&attempt.model).await? {
        Some(mut intent) if intent.revision == attempt.revision && intent.nonce.is_some() => {
            intent.state = IntentState::Stopped;
            intent.nonce = None;
            device.store.put_intent(&attempt.model, &intent).await
        }
        Some(_) | None => Ok(()),
    }
}
