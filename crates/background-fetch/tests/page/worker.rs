//! The worker's side, run by `worker.js`: it reports each event to the page.

use std::cell::Cell;
use std::rc::Rc;

use background_fetch::{BackgroundFetch, ClickEvent, CompletionEvent, Icon, Registration, UiUpdate, listen};
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, EventTarget, ServiceWorkerGlobalScope};

use crate::{REPORTS, bytes, next_turn};

/// The entry of the worker.
#[wasm_bindgen]
pub fn serve() {
    let scope: ServiceWorkerGlobalScope = js_sys::global().unchecked_into();
    let on_error = Closure::<dyn Fn(JsValue)>::new(|event: JsValue| {
        report("uncaught", [property(&event, "message").as_string().unwrap()]);
    });
    scope.add_event_listener_with_callback("error", on_error.as_ref().unchecked_ref()).unwrap();
    on_error.forget();
    listen(&scope, complete, click).unwrap();
}

/// Reports the event and its records, and tries everything that an event offers.
async fn complete(event: CompletionEvent) {
    let registration = event.registration();
    let mut lines = vec![
        format!("kind {:?}", event.kind()),
        format!("result {:?}", registration.result()),
        format!("reason {:?}", registration.failure_reason()),
        format!("active {:?}", ids_seen_by_worker().await),
    ];
    for record in registration.match_all().await.unwrap() {
        lines.push(match record.response_ready().await {
            Ok(response) => {
                format!("record {} {} {}", record.url(), response.status(), bytes(&response).await.len())
            }
            Err(error) => format!("record {} {:?}", record.url(), error.kind()),
        });
    }
    match event.ui() {
        None => lines.push("no ui".to_owned()),
        Some(ui) => {
            let update = UiUpdate::new().title("Done").icon(Icon::new("/no-such-icon.png").label("Done"));
            lines.push(format!("ui {:?}", ui.update(&update).await.map_err(|error| error.kind())));
            let again = event.ui().unwrap().update(&update).await;
            lines.push(format!("ui again {:?}", again.map_err(|error| error.kind())));
        }
    }
    let waited_for = Rc::new(Cell::new(false));
    let done = Rc::clone(&waited_for);
    let further = event.wait_until(async move { done.set(true) });
    lines.push(format!("further {:?}", further.map_err(|error| error.kind())));
    while !waited_for.get() {
        next_turn().await;
    }
    report(&registration.id(), lines);
    if registration.id() == "click" {
        dispatch_click(&registration);
    }
}

async fn click(event: ClickEvent) {
    report("clicked", [event.registration().id()]);
}

async fn ids_seen_by_worker() -> Vec<String> {
    let scope: ServiceWorkerGlobalScope = js_sys::global().unchecked_into();
    BackgroundFetch::of(&scope.registration()).unwrap().get_ids().await.unwrap()
}

/// Nobody can click on the interface of a browser without one, so the event is made by hand, with a real
/// registration. Such an event has no life to extend: its `waitUntil` throws.
fn dispatch_click(registration: &Registration) {
    let scope: EventTarget = js_sys::global().unchecked_into();
    let class: Function = property(&scope, "BackgroundFetchEvent").unchecked_into();
    let init = Object::new();
    Reflect::set(&init, &"registration".into(), registration.as_ref()).unwrap();
    let arguments = Array::of2(&"backgroundfetchclick".into(), &init);
    let click = Reflect::construct(&class, &arguments).unwrap();
    scope.dispatch_event(&click.unchecked_into()).unwrap();
}

fn report(id: &str, lines: impl IntoIterator<Item = String>) {
    let message: Array = [id.to_owned()].into_iter().chain(lines).map(JsValue::from).collect();
    let channel = BroadcastChannel::new(REPORTS).unwrap();
    channel.post_message(&message).unwrap();
    channel.close();
}

fn property(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}
