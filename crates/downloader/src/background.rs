//! The page's part of a background fetch: starts it, follows it, and stores finished pieces early.

use std::cell::RefCell;
use std::rc::Rc;

use piece_store::{LockName, Locks as _, Pieces as _};
use protocol::download::{Download, Event, Millis, Stage, StartRefusal};
use protocol::{AttemptId, BroadcastMessage, DigestSet, Ending, Piece, Refusal, routes};

use crate::concurrency::two_at_a_time;
use crate::context::DownloadContext;
use crate::ports::{
    BackgroundFetches as _, Broadcast as _, Device, Page, Ports, Record as _, Registration, Runtime as _,
};
use crate::registrations;

/// How often it is seen whether pieces may have finished. Often enough that they do not pile up.
const POLL: Millis = 500;

/// How many times that may pass before the browser is asked anew. Its events alone will not do: an object that a page holds can
/// fall silent although the download goes on. But each object that was asked for gets progress events until it is collected.
const POLLS: u32 = 4;

/// Asks the browser for all these pieces in one background fetch.
pub(crate) async fn start<P: Ports>(
    device: &Device<P>,
    attempt: &AttemptId,
    pieces: &[Piece],
) -> Result<(), StartRefusal> {
    let background = device.background.as_ref().ok_or(StartRefusal::Failed)?;
    // Two tabs that are opened at the same time both find nothing running.
    let _lock = device.locks.wait(LockName::Start(&attempt.model)).await.map_err(|error| {
        device.runtime.log("tabs cannot take turns", &error);
        StartRefusal::Failed
    })?;
    let attempts = registrations::attempts(device, &attempt.model).await.map_err(|error| {
        // There may be one. A second one would bring everything twice.
        device.runtime.log("the browser does not tell its background fetches", &error);
        StartRefusal::Failed
    })?;
    let is_same = |other: &AttemptId| other.revision == attempt.revision;
    if attempts.iter().any(is_same) {
        return Err(StartRefusal::Running);
    }
    let started = background.start(attempt, pieces).await;
    // A fetch that began just now may not have been listed.
    if started.is_err()
        && let Ok(attempts) = registrations::attempts(device, &attempt.model).await
        && attempts.iter().any(is_same)
    {
        return Err(StartRefusal::Running);
    }
    started
}

/// Whether a background fetch that has not begun waits for another one of this site.
pub(crate) async fn is_queued<G: Page>(context: &dyn DownloadContext<G>) -> bool {
    let at_zero =
        context.with(|download| download.background().is_some_and(|background| background.downloaded == 0));
    let Some(background) = context.device().and_then(|device| device.background) else {
        return false;
    };
    at_zero && background.ids().await.is_ok_and(|ids| ids.len() > 1)
}

/// Reports on a background fetch until it has ended, and says how; `None` if it is not to be followed any more.
pub(crate) async fn follow<G: Page>(
    context: Rc<dyn DownloadContext<G>>,
    device: &Device<G::Ports>,
    attempt: &AttemptId,
) -> Option<Ending> {
    let background = device.background.as_ref()?;
    let refused = RefCell::default();
    while is_running(&*context, attempt) {
        // Each time a new object, with the browser's present numbers.
        let registration = match background.get(attempt).await {
            Ok(Some(registration)) => registration,
            Ok(None) => return Some(Ending::Unknown),
            Err(error) => {
                device.runtime.log("the browser does not tell of a background fetch", &error);
                device.runtime.sleep(POLL).await;
                continue;
            }
        };
        if let Some(ending) = registration.ending() {
            return Some(ending);
        }
        report(&context, attempt, registration.downloaded());
        let listener = registration.on_progress({
            let context = Rc::clone(&context);
            let attempt = attempt.clone();
            move |downloaded| report(&context, &attempt, downloaded)
        });
        if may_have_finished_pieces(&*context) {
            take_finished(&context, device, attempt, &registration, &refused).await;
        }
        for _ in 0..POLLS {
            device.runtime.sleep(POLL).await;
            if may_have_finished_pieces(&*context) {
                break;
            }
        }
        drop(listener);
    }
    None
}

fn is_running<G: Page>(context: &dyn DownloadContext<G>, attempt: &AttemptId) -> bool {
    context.with(|download| {
        let background = download.background();
        background.is_some_and(|b| b.attempt == *attempt && matches!(b.stage, Stage::Running { .. }))
    })
}

fn report<G: Page>(context: &Rc<dyn DownloadContext<G>>, attempt: &AttemptId, downloaded: u64) {
    // The browser repeats itself; only a change is worth drawing.
    let known = context.with(|download| {
        let background = download.background();
        background.map_or(u64::MAX, |background| background.downloaded)
    });
    if downloaded > known {
        context.dispatch(Event::Progress { attempt: attempt.clone(), downloaded });
    }
}

/// Whether enough bytes have come for a piece that is not kept yet. Asking for all records each time would be
/// work for nothing.
fn may_have_finished_pieces<G: Page>(context: &dyn DownloadContext<G>) -> bool {
    context.with(|download: &Download| {
        let (Some(plan), Some(background)) = (download.plan(), download.background()) else {
            return false;
        };
        let missing = plan.missing().filter(|piece| background.asked.contains(&piece.digest));
        let smallest = missing.map(|piece| piece.size).min();
        let (_, kept) = plan.bytes_in(&background.asked);
        smallest.is_some_and(|smallest| background.downloaded.saturating_sub(kept) >= smallest)
    })
}

/// Stores finished pieces while others are still arriving. The event at the end comes at most once, and then
/// has little to do.
async fn take_finished<G: Page>(
    context: &Rc<dyn DownloadContext<G>>,
    device: &Device<G::Ports>,
    attempt: &AttemptId,
    registration: &impl Registration<Body = <G::Ports as Ports>::Body>,
    refused: &RefCell<DigestSet>,
) {
    let missing: DigestSet = context
        .with(|download| download.plan().iter().flat_map(|plan| plan.missing()).map(|p| p.digest).collect());
    // At the end the records are taken away; then the worker has them.
    let Ok(records) = registration.records().await else { return };
    two_at_a_time(records, async |record| {
        let Some(digest) = routes::parse_piece(&record.url()) else { return };
        if !missing.contains(&digest) || refused.borrow().contains(&digest) {
            return;
        }
        let Some(body) = record.finished().await else { return };
        match device.store.pieces().admit_body(&digest, &body).await {
            Ok(()) => {
                context.dispatch(Event::Admitted(digest));
                device.broadcast.send(&BroadcastMessage::Admitted { digest }).await;
            }
            Err(refusal) => {
                refused.borrow_mut().insert(digest);
                // Anything but wrong bytes may be different when the worker reads it.
                if refusal == Refusal::Mismatch {
                    device.runtime.log("a piece was refused", &refusal);
                    context.dispatch(Event::Refused { digest, refusal });
                    let attempt = attempt.clone();
                    device.broadcast.send(&BroadcastMessage::Refused { attempt, digest, refusal }).await;
                }
            }
        }
    })
    .await;
}
