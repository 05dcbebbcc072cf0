//! The page's part of a background fetch: start it, follow it, and take finished pieces early.

use std::cell::RefCell;
use std::rc::Rc;

use background_fetch::{ErrorKind, FetchResult, Icon, Options, Record, Registration};
use futures_util::future::{Either, select};
use futures_util::pin_mut;
use gloo_timers::future::TimeoutFuture;
use js_sys::Promise;
use piece_store::{PieceBuffer, Turn, TurnOf, two_at_a_time};
use protocol::download::{Download, Event, Stage, StartRefusal};
use protocol::{AttemptId, DigestSet, Ending, FromWorker, Piece, Refusal, routes};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use crate::browser::{Device, log};
use crate::driver::Driver;
use crate::{news, survey};

/// How often it is seen whether pieces may have finished, in milliseconds. Often enough that they do not pile up.
const POLL: u32 = 500;

/// How many times that may pass before the browser is asked anew. Its events alone will not do: an object that a page holds can
/// fall silent although the download goes on. But each object that was asked for is told of progress until it is collected.
const POLLS: u32 = 4;

/// Asks the browser for all these pieces in one background fetch.
pub(crate) async fn start(
    device: &Device,
    attempt: &AttemptId,
    pieces: &[Piece],
) -> Result<(), StartRefusal> {
    let background = device.background.as_ref().ok_or(StartRefusal::Failed)?;
    // Two tabs that are opened at the same time both find nothing running.
    let _turn = Turn::wait(TurnOf::Start(&attempt.model), None).await.map_err(|error| {
        log("tabs cannot take turns", &error.to_string().into());
        StartRefusal::Failed
    })?;
    if survey::attempts(device, &attempt.model).await.iter().any(|other| other.revision == attempt.revision) {
        return Err(StartRefusal::Running);
    }
    let urls = pieces.iter().map(|piece| routes::piece(&piece.digest));
    let options = Options::new()
        .title(words::background_title(&attempt.model))
        .icon(Icon::new("/assets/icon-192.png").sizes("192x192").media_type("image/png"))
        // Exact: too small, and the browser ends it; left out, and its bar says nothing.
        .download_total(pieces.iter().map(|piece| piece.size).sum());
    match background.fetch(&attempt.to_string(), urls, &options).await {
        Ok(_registration) => Ok(()),
        Err(error) => {
            log("the browser did not start a background fetch", &error.to_string().into());
            Err(match error.kind() {
                ErrorKind::NotAllowed => StartRefusal::NotAllowed,
                ErrorKind::TooManyActive => StartRefusal::TooMany,
                ErrorKind::QuotaExceeded => StartRefusal::NoRoom,
                ErrorKind::Unsupported
                | ErrorKind::DuplicateId
                | ErrorKind::Aborted
                | ErrorKind::InvalidState
                | ErrorKind::RecordUnavailable
                | ErrorKind::BadRequest
                | ErrorKind::Other => StartRefusal::Failed,
            })
        }
    }
}

/// Ends a background fetch; the worker then stores what has arrived.
pub(crate) async fn abort(device: &Device, attempt: &AttemptId) {
    let Some(background) = &device.background else { return };
    let aborted = match background.get(&attempt.to_string()).await {
        Ok(Some(registration)) => registration.abort().await.map(drop),
        // It has ended meanwhile.
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = aborted {
        log("the background fetch could not be ended", &error.to_string().into());
    }
}

/// Whether a background fetch that has not begun waits for another one of this site.
pub(crate) async fn is_queued(driver: &Driver) -> bool {
    let at_zero = driver.with(|download| {
        let background = download.background();
        background.is_some_and(|background| background.downloaded == 0)
    });
    let Some(background) = driver.device().and_then(|device| device.background) else {
        return false;
    };
    at_zero && background.get_ids().await.is_ok_and(|ids| ids.len() > 1)
}

/// Reports on a background fetch until it has ended, and says how; `None` if it is not to be followed any more.
pub(crate) async fn follow(driver: &Rc<Driver>, device: &Device, attempt: &AttemptId) -> Option<Ending> {
    let background = device.background.as_ref()?;
    let refused = RefCell::default();
    let buffer = PieceBuffer::default();
    while is_running(driver, attempt) {
        // Each time a new object, with the browser's present numbers.
        let registration = match background.get(&attempt.to_string()).await {
            Ok(Some(registration)) if registration.result() == FetchResult::Pending => registration,
            Ok(found) => {
                return Some(found.as_ref().map_or(Ending::Unknown, ending));
            }
            Err(error) => {
                log("the browser does not tell of a background fetch", &error.to_string().into());
                TimeoutFuture::new(POLL).await;
                continue;
            }
        };
        report(driver, attempt, registration.downloaded());
        let listener = registration.on_progress({
            let driver = Rc::clone(driver);
            let attempt = attempt.clone();
            move |progress| report(&driver, &attempt, progress.downloaded)
        });
        if may_have_finished_pieces(driver) {
            take_finished(driver, device, attempt, &registration, &refused, &buffer).await;
        }
        for _ in 0..POLLS {
            TimeoutFuture::new(POLL).await;
            if may_have_finished_pieces(driver) {
                break;
            }
        }
        drop(listener);
    }
    None
}

fn is_running(driver: &Driver, attempt: &AttemptId) -> bool {
    driver.with(|download| {
        let background = download.background();
        background.is_some_and(|b| b.attempt == *attempt && matches!(b.stage, Stage::Running { .. }))
    })
}

fn report(driver: &Rc<Driver>, attempt: &AttemptId, downloaded: u64) {
    // The browser repeats itself; only news is worth drawing.
    let known = driver.with(|download| {
        let background = download.background();
        background.map_or(u64::MAX, |background| background.downloaded)
    });
    if downloaded > known {
        driver.dispatch(Event::Progress { attempt: attempt.clone(), downloaded });
    }
}

fn ending(registration: &Registration) -> Ending {
    Ending::of_reason(registration.failure_reason().as_str())
}

/// Whether enough bytes have come for a piece that is not kept yet. Asking for all records each time would be
/// work for nothing.
fn may_have_finished_pieces(driver: &Driver) -> bool {
    driver.with(|download: &Download| {
        let (Some(plan), Some(background)) = (download.plan(), download.background()) else {
            return false;
        };
        let missing = plan.missing().filter(|piece| background.asked.contains(&piece.digest));
        let smallest = missing.map(|piece| piece.size).min();
        let (_, kept) = plan.bytes_in(&background.asked);
        smallest.is_some_and(|smallest| background.downloaded.saturating_sub(kept) >= smallest)
    })
}

/// Takes the pieces that are finished while the rest is still coming, so that the event at the end, which comes
/// at most once, finds little to do.
async fn take_finished(
    driver: &Rc<Driver>,
    device: &Device,
    attempt: &AttemptId,
    registration: &Registration,
    refused: &RefCell<DigestSet>,
    buffer: &PieceBuffer,
) {
    let missing: DigestSet = driver
        .with(|download| download.plan().iter().flat_map(|plan| plan.missing()).map(|p| p.digest).collect());
    // At the end the records are taken away; then the worker has them.
    let Ok(records) = registration.match_all().await else { return };
    two_at_a_time(records, async |record| {
        let Some(digest) = routes::parse_piece(&record.url()) else { return };
        if !missing.contains(&digest) || refused.borrow().contains(&digest) {
            return;
        }
        let Some(response) = finished(&record).await else { return };
        match device.store.pieces().admit_response(&digest, &response, buffer).await {
            Ok(()) => {
                driver.dispatch(Event::Admitted(digest));
                news::tell(&FromWorker::Admitted { digest });
            }
            Err(refusal) => {
                refused.borrow_mut().insert(digest);
                // Anything but wrong bytes may be different when the worker reads it.
                if refusal == Refusal::Mismatch {
                    log("a piece was refused", &refusal.to_string().into());
                    driver.dispatch(Event::Refused { digest, refusal });
                    news::tell(&FromWorker::Refused { attempt: attempt.clone(), digest, refusal });
                }
            }
        }
    })
    .await;
}

/// The response of a record, if it is there.
async fn finished(record: &Record) -> Option<Response> {
    // The promise of a finished record is settled already, so a few turns of the microtask queue are enough to
    // learn its value; that of another one is not settled before its bytes are there. No timer: in a tab that is
    // not seen each would take a second.
    let ready = record.response_ready();
    let moment = async {
        for _ in 0..4 {
            // It cannot fail.
            let _ = JsFuture::from(Promise::resolve(&JsValue::UNDEFINED)).await;
        }
    };
    pin_mut!(ready, moment);
    match select(ready, moment).await {
        Either::Left((response, _)) => response.ok(),
        Either::Right(_) => None,
    }
}
