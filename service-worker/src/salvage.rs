//! Takes what there is of a background fetch that has ended. The same for success, failure and abort: the
//! browser's word for the end says nothing about the bytes.

use background_fetch::{CompletionEvent, Registration, UiUpdate};
use piece_store::{
    PieceBuffer, Pieces as _, StoreError, StoredModel, Turn, TurnOf, WorkerStore, two_at_a_time,
};
use protocol::download::Settings;
use protocol::{AttemptId, Digest, Ending, FromWorker, Piece, Refusal, WishState, routes};
use wasm_bindgen::JsCast as _;
use web_sys::{AbortSignal, RequestCache, RequestInit, Response};

use crate::{message, pages, reading, report, scope, settled};

/// Takes every record, stores what is right, tells the pages and the browser's own interface.
///
/// The event comes once, and when this is done or stopped the records are gone; so each record is stored as soon as it
/// is known to be right, and nothing else comes first.
pub(crate) async fn run(event: &CompletionEvent, registration: &Registration, attempt: AttemptId) {
    let ending = ending(registration);
    let ready = match take(registration, &attempt, ending).await {
        Ok(stored) => stored.as_ref().map(StoredModel::is_ready),
        Err(error) => {
            report("the store failed", &message(&error));
            None
        }
    };
    let model = attempt.model.clone();
    pages::tell(&FromWorker::Finished { attempt, ending }).await;
    if let (Some(ready), Some(ui)) = (ready, event.ui()) {
        let title = words::background_title_at_end(&model, ready);
        if let Err(error) = ui.update(&UiUpdate::new().title(title)).await {
            report("updating the browser's download entry failed", &message(&error));
        }
    }
}

/// The model as it is afterwards; `None` if it is not wanted any more.
async fn take(
    registration: &Registration,
    attempt: &AttemptId,
    ending: Ending,
) -> Result<Option<StoredModel>, StoreError> {
    let store = WorkerStore::open().await?;
    // Pages that look meanwhile would find half of it.
    let _turn = Turn::wait(TurnOf::Salvage(&attempt.model), None).await?;
    // Without a manifest the person has discarded the model, and its pieces have no place any more.
    if !store.has_manifest(&attempt.model, attempt.revision).await? {
        return Ok(None);
    }
    let buffer = PieceBuffer::default();
    match registration.match_all().await {
        Ok(records) => {
            two_at_a_time(records, async |record| {
                if let Some(digest) = routes::parse_piece(&record.url())
                    // Where the store does not say, the piece is put again.
                    && !matches!(store.pieces().has(&digest).await, Ok(true))
                {
                    let response = record.response_ready().await.or(Err(Refusal::Unavailable));
                    settle(&store, attempt, digest, response, &buffer).await;
                }
            })
            .await;
        }
        Err(error) => report("the records are not available", &message(&error)),
    }
    if ending == Ending::Aborted {
        stop_wish(&store, attempt).await?;
    }
    // Of another version than this worker's, or discarded while it worked: then the pieces have no place.
    let Some(manifest) = store.manifest(&attempt.model, attempt.revision).await? else {
        let _turn = Turn::wait(TurnOf::Store, None).await?;
        return store.sweep().await.map(|_| None);
    };
    if ending != Ending::Aborted {
        // The page that should have fetched the small ones may have been closed too early.
        let small = Settings::default().small;
        let kept = store.kept(&manifest).await?;
        for piece in manifest.pieces() {
            if piece.size < small && !kept.contains(&piece.digest) {
                let response = fetch(&piece).await;
                let is_away = response.is_err();
                settle(&store, attempt, piece.digest, response, &buffer).await;
                // Then the others would not come either, and pages wait for this to end.
                if is_away {
                    break;
                }
            }
        }
    }
    let stored = store.stored(&attempt.model, attempt.revision).await?;
    if stored.as_ref().is_some_and(StoredModel::is_ready) {
        let _turn = Turn::wait(TurnOf::Store, None).await?;
        store.fulfil(&attempt.model, attempt.revision).await?;
        reading::forget();
    }
    Ok(stored)
}

/// How long a piece may take: this, in milliseconds, and a millisecond for so many bytes. Others wait for it meanwhile.
const PATIENCE: u64 = 20_000;
const SLOWEST: u64 = 64;

/// Asks the server for a piece. Its body fails as well if it takes too long.
pub(crate) async fn fetch(piece: &Piece) -> Result<Response, Refusal> {
    let init = RequestInit::new();
    let patience = PATIENCE.saturating_add(piece.size / SLOWEST);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(patience.try_into().unwrap_or(u32::MAX))));
    // A piece is immutable: a damaged one would come back from the HTTP cache for a year.
    init.set_cache(RequestCache::NoStore);
    let answer = scope().fetch_with_str_and_init(&routes::piece(&piece.digest), &init);
    let answer = settled(answer).await;
    Ok(answer.or(Err(Refusal::Unavailable))?.unchecked_into())
}

/// Admits a piece out of a response, and tells the pages what came of it.
async fn settle(
    store: &WorkerStore,
    attempt: &AttemptId,
    digest: Digest,
    response: Result<Response, Refusal>,
    buffer: &PieceBuffer,
) {
    let outcome = match response {
        Ok(response) => store.pieces().admit_response(&digest, &response, buffer).await,
        Err(refusal) => Err(refusal),
    };
    let message = match outcome {
        Ok(()) => FromWorker::Admitted { digest },
        Err(refusal) => {
            // A record that never arrived is nothing to look into; wrong bytes are.
            if refusal != Refusal::Unavailable {
                report("a piece was refused", &message(&refusal));
            }
            FromWorker::Refused { attempt: attempt.clone(), digest, refusal }
        }
    };
    pages::tell(&message).await;
}

/// If the person stopped it in the browser's own interface, no page shall go on by itself.
async fn stop_wish(store: &WorkerStore, attempt: &AttemptId) -> Result<(), StoreError> {
    match store.wish(&attempt.model).await? {
        Some(mut wish) if wish.revision == attempt.revision && wish.nonce == Some(attempt.nonce) => {
            wish.state = WishState::Stopped;
            wish.nonce = None;
            store.put_wish(&attempt.model, &wish).await
        }
        Some(_) | None => Ok(()),
    }
}

fn ending(registration: &Registration) -> Ending {
    Ending::of_reason(registration.failure_reason().as_str())
}
