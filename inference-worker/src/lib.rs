//! A dedicated worker that computes with a model on this device. `inference-worker.js` loads this program
//! and forwards messages. `inference_protocol` defines them, and the crate `embedding` computes.
//!
//! **Architecture Invariant:** this crate depends neither on `app` nor on leptos, and sends no requests: it
//! reads from the piece store.

mod inbox;
mod loading;
mod turn;

use std::rc::Rc;

use embedding::{Embedder, Session};
use inference_protocol::{FromInference, TextFailure, ToInference};
use protocol::TextForm as _;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::DedicatedWorkerGlobalScope;

use inbox::Inbox;
use turn::Turns;

thread_local! {
    static INBOX: Rc<Inbox> = Rc::default();
}

/// Runs when the program has been instantiated.
#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
    spawn_local(async {
        match Turns::new() {
            Ok(turns) => run(&INBOX.with(Rc::clone), &turns).await,
            Err(error) => report("the worker could not start", &error),
        }
    });
}

/// Takes a message of the page.
#[wasm_bindgen]
pub fn receive(data: &JsValue) {
    match data.as_string().and_then(|text| ToInference::from_text(&text)) {
        Some(message) => INBOX.with(|inbox| inbox.push(message)),
        None => report("a message is not understood", data),
    }
}

/// As long as the worker lives.
async fn run(inbox: &Inbox, turns: &Turns) {
    let mut session = Session::new(load_first(inbox).await);
    loop {
        let message = if session.has_work() { inbox.take() } else { Some(inbox.wait().await) };
        if let Some(message) = message {
            session.receive(message).iter().for_each(tell);
            continue;
        }
        session.step().iter().for_each(tell);
        // Messages that came meanwhile are delivered now.
        if let Err(error) = turns.next().await {
            report("the worker cannot wait", &error);
        }
    }
}

/// Until a model is there, nothing else can be asked.
async fn load_first(inbox: &Inbox) -> Embedder {
    loop {
        let failed = match inbox.wait().await {
            ToInference::Load { model, revision } => match loading::load(&model, revision, tell).await {
                Ok(embedder) => {
                    let config = embedder.config();
                    tell(&FromInference::Loaded {
                        max_tokens: count(config.max_tokens),
                        dimensions: count(config.hidden),
                    });
                    return embedder;
                }
                Err(failure) => FromInference::Failed(failure),
            },
            ToInference::Index { job, .. } => {
                FromInference::IndexFailed { job, failure: TextFailure::NotLoaded }
            }
            ToInference::Query { number, .. } => {
                FromInference::QueryFailed { number, failure: TextFailure::NotLoaded }
            }
            ToInference::Cancel { .. } => continue,
        };
        tell(&failed);
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Sends a message to the page.
fn tell(message: &FromInference) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    if let Err(error) = scope.post_message(&JsValue::from_str(&message.to_text())) {
        report("the page could not be told", &error);
    }
}

/// Reports to the console what needs no action of the user.
fn report(what: &str, error: &JsValue) {
    web_sys::console::error_2(&format!("modelferry: {what}").into(), error);
}
