//! Which event leads where.

use std::pin::Pin;

use background_fetch::{ClickEvent, CompletionEvent};
use piece_store::{StoreError, Turn, TurnOf, WorkerStore};
use protocol::AttemptId;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{ExtendableEvent, FetchEvent, ServiceWorkerGlobalScope};

use crate::{
    message, of_this_origin, pages, parts, promise, reading, report, salvage, scope, settled, shell,
};

/// Registers every listener. Synchronous on purpose, see the crate's documentation.
pub(crate) fn register() -> Result<(), background_fetch::Error> {
    let scope = scope();
    on(&scope, "install", |_| Box::pin(install()))?;
    on(&scope, "activate", |_| Box::pin(activate()))?;
    on(&scope, "message", |event| Box::pin(parts::take(event.unchecked_into())))?;
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

/// A new worker takes over at once: pages and worker agree on the store's layout or on nothing, and a running
/// background fetch goes to whichever worker is active at its end.
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
    // Not waited for: meanwhile pages would get no answer. If the browser ends the worker too early, the next visit goes on.
    drop(promise(shell::keep_up(None)));
}

async fn sweep() -> Result<(), StoreError> {
    let _turn = Turn::wait(TurnOf::Store, None).await?;
    WorkerStore::open().await?.sweep().await.map(drop)
}

async fn complete(event: CompletionEvent) {
    let registration = event.registration();
    let id = registration.id();
    match id.parse() {
        Ok(attempt) => salvage::run(&event, &registration, attempt).await,
        Err(_) => report("a background fetch that is not ours has ended", &id.into()),
    }
}

async fn click(event: ClickEvent) {
    let id = event.registration().id();
    match id.parse::<AttemptId>() {
        Ok(attempt) => pages::show(&attempt.model).await,
        Err(_) => report("a background fetch that is not ours was clicked on", &id.into()),
    }
}
