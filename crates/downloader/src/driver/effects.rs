//! Carries out the effects of a download's state machine.
//!
//! Effects begin in the order in which the machine returned them. An effect that changes the store
//! completes before the next one begins. An effect that asks the browser, the server or the user does not
//! delay the others: the answer arrives as an event.

use std::rc::Rc;

use piece_store::StoreError;
use protocol::download::{Cause, Download, Effect, Event, Preparing, Start, StartRefusal, State};
use protocol::{AttemptId, BroadcastMessage, Intent, IntentState, Piece, Revision};

use super::{Driver, Task};
use crate::concurrency::with_store_lock;
use crate::context::DownloadContext as _;
use crate::ports::{Device, OpenError, Page, Quota as _, Runtime as _};
use crate::{background, manifest, page_engine, registrations, survey};

pub(super) async fn carry_out<G: Page>(driver: &Rc<Driver<G>>, task: Task) {
    let effect = match task {
        Task::Effect(Effect::Open) => return in_background(driver, open),
        Task::Effect(effect) => effect,
        Task::Prepare(manifest) => {
            let Some(device) = driver.device() else { return };
            let event = if driver.with(is_cancelled) {
                Event::PrepareFailed(Cause::Cancelled)
            } else {
                match survey::prepare(&device, &manifest).await {
                    Ok(survey) => Event::Prepared(survey),
                    Err(cause) => Event::PrepareFailed(cause),
                }
            };
            return driver.dispatch(event);
        }
        Task::Renew(revision) => return renew(driver, revision).await,
    };
    let Some(device) = driver.device() else { return };
    let (model, revision) = driver.identity();
    match effect {
        Effect::Open => {}
        Effect::LookAtQuota => {
            in_background(driver, async |driver: &Rc<Driver<G>>| driver.shared.look_at_quota().await);
        }
        Effect::AskToPersist => {
            in_background(driver, async move |_: &Rc<Driver<G>>| device.quota.ask_to_persist().await);
        }
        Effect::Survey { epoch } => {
            driver.survey.set(Some(epoch));
            if !driver.surveying.replace(true) {
                in_background(driver, look);
            }
        }
        Effect::Prepare => in_background(driver, fetch_manifest),
        Effect::Renew => in_background(driver, ask_for_revision),
        Effect::StartBackground { attempt, pieces, start } => {
            in_background(driver, async move |driver: &Rc<Driver<G>>| {
                start_background(driver, &device, attempt, &pieces, start).await;
            });
        }
        Effect::StartPage { run, pieces } => {
            driver.tell(BroadcastMessage::Changed { model });
            let started = page_engine::start(driver.clone(), device, run, pieces);
            let earlier = driver.page_run.replace(Some((run, started)));
            if let Some((_, earlier)) = earlier {
                earlier.stop();
            }
        }
        Effect::StopPage { run } => {
            if let Some((running, engine)) = &*driver.page_run.borrow()
                && *running == run
            {
                engine.stop();
            }
        }
        Effect::Abort { attempt } => registrations::abort(&device, &attempt).await,
        Effect::WriteIntent(intent) => write_intent(driver, &device, &intent).await,
        Effect::Discard => {
            registrations::abort_all(&device, &model, |attempt| attempt.revision == revision).await;
            removed(driver, with_store_lock(&device, device.store.discard(&model, revision)).await);
        }
        Effect::Delete => {
            registrations::abort_all(&device, &model, |_| true).await;
            removed(driver, with_store_lock(&device, device.store.remove(&model)).await);
        }
        Effect::Completed => {
            // The model is ready whatever comes of this.
            if let Err(error) = with_store_lock(&device, device.store.fulfil(&model, revision)).await {
                driver.runtime().log("older revisions could not be removed", &error);
            }
            driver.tell(BroadcastMessage::Changed { model });
            in_background(driver, async |driver: &Rc<Driver<G>>| driver.shared.look_at_quota().await);
            // Another model may have been removed meanwhile, and pieces with it that were counted here.
            driver.dispatch(Event::Changed);
        }
    }
}

fn in_background<G: Page>(driver: &Rc<Driver<G>>, work: impl AsyncFnOnce(&Rc<Driver<G>>) + 'static) {
    let owned = Rc::clone(driver);
    driver.runtime().spawn(async move { work(&owned).await });
}

async fn open<G: Page>(driver: &Rc<Driver<G>>) {
    let event = match driver.shared.open().await {
        Ok(device) => Event::Opened(device.engine()),
        Err(OpenError::Unsupported(missing)) => Event::Unsupported(missing),
        Err(OpenError::Failed(cause)) => Event::OpenFailed(cause),
    };
    driver.dispatch(event);
}

/// Answers all surveys that are asked for: of several, the latest.
async fn look<G: Page>(driver: &Rc<Driver<G>>) {
    let Some(device) = driver.device() else { return };
    let (model, revision) = driver.identity();
    while let Some(epoch) = driver.survey.take() {
        let event = match survey::survey(&device, &model, revision).await {
            Ok(survey) => Event::Surveyed { epoch, survey },
            Err(error) => {
                driver.runtime().log("the store could not be read", &error);
                Event::SurveyFailed
            }
        };
        driver.dispatch(event);
    }
    driver.surveying.set(false);
}

fn is_cancelled(download: &Download) -> bool {
    *download.state() == State::Preparing(Preparing::Cancelled)
}

async fn fetch_manifest<G: Page>(driver: &Rc<Driver<G>>) {
    let Some(device) = driver.device() else { return };
    let (model, revision) = driver.identity();
    // The server's manifest first: it may now cut files into other pieces. Without a network, the stored one is used.
    let fetched = match manifest::fetch(&device, &model, Some(revision)).await {
        Err(cause) if cause.is_passing() => match device.store.manifest(&model, revision).await {
            Ok(stored) => stored.ok_or(cause),
            Err(error) => Err(error.into()),
        },
        fetched => fetched,
    };
    match fetched {
        Ok(manifest) => driver.enqueue(Task::Prepare(Box::new(manifest))),
        Err(cause) => driver.dispatch(Event::PrepareFailed(cause)),
    }
}

async fn ask_for_revision<G: Page>(driver: &Rc<Driver<G>>) {
    let Some(device) = driver.device() else { return };
    let (model, revision) = driver.identity();
    match manifest::current(&device, &model).await {
        Ok(current) if current == revision => driver.enqueue(Task::Effect(Effect::Prepare)),
        Ok(current) => driver.enqueue(Task::Renew(current)),
        Err(cause) => driver.dispatch(Event::PrepareFailed(cause)),
    }
}

/// Shows the page of the revision that the server has now, which begins by itself.
async fn renew<G: Page>(driver: &Rc<Driver<G>>, revision: Revision) {
    let Some(device) = driver.device() else { return };
    let (model, _) = driver.identity();
    let cause = if driver.with(is_cancelled) {
        Cause::Cancelled
    } else {
        let intent = Intent { revision, state: IntentState::Active, nonce: None };
        match device.store.put_intent(&model, &intent).await {
            // A new page takes over from here.
            Ok(()) if driver.page().reload() => return,
            Ok(()) => Cause::Browser,
            Err(error) => {
                driver.runtime().log("the intent could not be stored", &error);
                error.into()
            }
        }
    };
    driver.dispatch(Event::PrepareFailed(cause));
}

async fn start_background<G: Page>(
    driver: &Rc<Driver<G>>,
    device: &Device<G::Ports>,
    attempt: AttemptId,
    pieces: &[Piece],
    start: Start,
) {
    let started = if start == Start::Silent && !driver.shared.may_start_silently() {
        Err(StartRefusal::NotAllowed)
    } else {
        background::start(device, &attempt, pieces).await
    };
    let event = match started {
        Ok(()) => {
            driver.tell(BroadcastMessage::Changed { model: attempt.model.clone() });
            Event::Started(attempt)
        }
        Err(refusal) => Event::StartRefused { attempt, refusal },
    };
    driver.dispatch(event);
}

async fn write_intent<G: Page>(driver: &Rc<Driver<G>>, device: &Device<G::Ports>, intent: &Intent) {
    let (model, _) = driver.identity();
    // Without the intent the download continues all the same; only a later page would not know of it.
    if let Err(error) = device.store.put_intent(&model, intent).await {
        driver.runtime().log("the intent could not be stored", &error);
    }
    // Another tab may be the one that fetches: it stops when it reads this.
    if intent.state == IntentState::Stopped {
        driver.tell(BroadcastMessage::Changed { model });
    }
}

fn removed<G: Page>(driver: &Rc<Driver<G>>, removed: Result<(), StoreError>) {
    let (model, _) = driver.identity();
    let event = match removed {
        Ok(()) => Event::Removed,
        Err(error) => {
            driver.runtime().log("the model could not be removed", &error);
            Event::RemoveFailed
        }
    };
    driver.dispatch(event);
    driver.tell(BroadcastMessage::Changed { model });
    in_background(driver, async |driver: &Rc<Driver<G>>| driver.shared.look_at_quota().await);
}
