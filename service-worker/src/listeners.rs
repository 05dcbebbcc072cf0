//! Registers the listeners, and maps each event to its handler.

use std::pin::Pin;

use background_fetch::{ClickEvent, CompletionEvent, UiUpdate};
use downloader::browser::{BrowserRegistration, take_part, worker_device};
use downloader::on_fetch_complete;
use piece_store::{LockName, Locks as _, StoreError, WebLocks, WorkerStore};
use protocol::{AttemptId, TextForm as _};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ExtendableEvent, ExtendableMessageEvent, FetchEvent, MessagePort, ServiceWorkerGlobalScope};

use crate::scope::{message, of_this_origin, promise, report, scope, settled};
use crate::{pages, reading, shell};

/// Registers every listener. Synchronous on purpose, see the crate's documentation.
pub(crate) fn register() -> Result<(), background_fetch::Error> {
    let scope = scope();
    on(&scope, "install", |_| Box::pin(install()))?;
    on(&scope, "activate", |_| Box::pin(activate()))?;
    on(&scope, "message", |event| Box::pin(hear(event.unchecked_into())))?;
    let complete = |event| -> Handling { Box::pin(complete(event)) };
    let click = |event| -> Handling { Box::pin(click(event)) };
    background_fetch::listen(&scope, complete, click)?;
    // Last, since it matters less than that nothing is lost.
    on_fetch(&scope)?;
    Ok(reading::listen()?)
}

fn on_fetch(scope: &ServiceWorkerGlobalScope) -> Result<(), JsValue> {
    let listener =
        Closure::<dyn Fn(FetchEvent) -> Result<(), JsValue>>::new(|event: FetchEvent| fetched(&event));
    scope.add_event_listener_with_callback("fetch", listener.as_ref().unchecked_ref())?;
    // It must live as long as the worker.
    listener.forget();
    Ok(())
}

/// What is of a model is read from this device, what is of the application is kept. Everything else is the browser's.
fn fetched(event: &FetchEvent) -> Result<(), JsValue> {
    let request = event.request();
    let url = request.url();
    let Some(asked) = of_this_origin(&url) else {
        return Ok(());
    };
    match reading::asked(&request, asked) {
        Some((method, asked)) => reading::fetched(event, request, method, asked),
        None => shell::fetched(event, &request, asked),
    }
}

/// Of one type, so that the code around it is there once.
type Handling = Pin<Box<dyn Future<Output = ()>>>;

fn on(
    scope: &ServiceWorkerGlobalScope,
    name: &str,
    handle: fn(ExtendableEvent) -> Handling,
) -> Result<(), JsValue> {
    let listener =
        Closure::<dyn Fn(ExtendableEvent) -> Result<(), JsValue>>::new(move |event: ExtendableEvent| {
            let handling = handle(event.clone());
            event.wait_until(&promise(async move {
                handling.await;
                Ok(JsValue::UNDEFINED)
            }))
        });
    scope.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref())?;
    // It must live as long as the worker.
    listener.forget();
    Ok(())
}

/// A new worker takes over at once. Pages and worker must agree on the layout of the store. A running
/// background fetch reports its end to whichever worker is active then.
async fn install() {
    let taken_over = match scope().skip_waiting() {
        Ok(promise) => settled(promise).await,
        Err(error) => Err(error),
    };
    if let Err(error) = taken_over {
        report("taking over failed", &error);
    }
}

/// Cleans up after other versions.
async fn activate() {
    if let Err(error) = piece_store::remove_other_layouts().await {
        report("removing stores of other versions failed", &message(&error));
    }
    if let Err(error) = sweep().await {
        report("removing pieces that belong to no model failed", &message(&error));
    }
    if let Err(error) = settled(scope().clients().claim()).await {
        report("taking charge of open pages failed", &error);
    }
    // Not awaited: pages would get no answer meanwhile. If the browser ends the worker too early, the next visit continues.
    drop(promise(shell::keep_up(None)));
}

async fn sweep() -> Result<(), StoreError> {
    let _lock = WebLocks.wait(LockName::Store).await?;
    WorkerStore::open().await?.sweep().await.map(drop)
}

async fn complete(event: CompletionEvent) {
    let registration = event.registration();
    let id = registration.id();
    match AttemptId::from_text(&id) {
        Some(attempt) => recover(&event, attempt).await,
        None => report("a background fetch that is not ours has ended", &id.into()),
    }
}

/// Stores the records, and shows the result in the browser's own list of downloads.
async fn recover(event: &CompletionEvent, attempt: AttemptId) {
    let device = match worker_device().await {
        Ok(device) => device,
        Err(error) => return report("the store could not be opened", &message(&error)),
    };
    let registration = BrowserRegistration(event.registration());
    let ready = on_fetch_complete(&device, &registration, &attempt).await;
    reading::forget();
    if let (Some(ready), Some(ui)) = (ready, event.ui()) {
        let title = messages::background_title_at_end(&attempt.model, ready);
        if let Err(error) = ui.update(&UiUpdate::new().title(title)).await {
            report("updating the browser's download entry failed", &message(&error));
        }
    }
}

/// A page that goes hands over what it has of unfinished pieces.
async fn hear(event: ExtendableMessageEvent) {
    let port = event.ports().get_checked(0);
    take_part(&event.data(), port.map(JsCast::unchecked_into::<MessagePort>)).await;
}

async fn click(event: ClickEvent) {
    let id = event.registration().id();
    match AttemptId::from_text(&id) {
        Some(attempt) => pages::show(&attempt.model).await,
        None => report("a background fetch that is not ours was clicked on", &id.into()),
    }
}
