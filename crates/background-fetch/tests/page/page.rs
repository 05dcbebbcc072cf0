//! The page's side: a worker that listens, what it reports, what a progress listener is told.

use std::cell::RefCell;
use std::rc::Rc;

use background_fetch::{BackgroundFetch, FetchResult, Progress, ProgressListener, Registration};
use js_sys::{Array, Promise};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    BroadcastChannel, MessageChannel, MessageEvent, RegistrationOptions, ServiceWorkerRegistration,
};

use crate::{REPORTS, WORKER, next_turn};

/// What the worker has reported since this was made.
pub(crate) struct Reports {
    channel: BroadcastChannel,
    received: Rc<RefCell<Vec<Vec<String>>>>,
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Reports {
    pub(crate) fn new() -> Self {
        let channel = BroadcastChannel::new(REPORTS).unwrap();
        let received = Rc::new(RefCell::new(Vec::new()));
        let inbox = Rc::clone(&received);
        let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            let lines = message.data().unchecked_into::<Array>();
            inbox.borrow_mut().push(lines.iter().map(|line| line.as_string().unwrap()).collect());
        });
        channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        Self { channel, received, _listener: listener }
    }

    /// The lines of the report with this id, once it is there.
    pub(crate) async fn of(&self, id: &str) -> Vec<String> {
        loop {
            if let Some(lines) = self.received.borrow().iter().find(|lines| lines[0] == id) {
                return lines[1..].to_vec();
            }
            next_turn().await;
        }
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        self.channel.close();
    }
}

/// Registers the worker for a scope; it need not be active yet.
pub(crate) async fn register(scope: &str) -> ServiceWorkerRegistration {
    let container = web_sys::window().unwrap().navigator().service_worker();
    let options = RegistrationOptions::new();
    options.set_type("module");
    options.set_scope(scope);
    let registered = JsFuture::from(container.register_with_options(WORKER.0, &options)).await;
    registered.unwrap().unchecked_into()
}

/// The background fetches of the worker, once that listens, and stays to listen.
pub(crate) async fn fetches() -> BackgroundFetch {
    let registration = register("/tests/page/").await;
    let worker = loop {
        match registration.active() {
            Some(worker) => break worker,
            None => next_turn().await,
        }
    };
    let channel = MessageChannel::new().unwrap();
    let listening = Promise::new(&mut |resolve, _| channel.port1().set_onmessage(Some(&resolve)));
    worker.post_message_with_transferable(&"stay".into(), &Array::of1(&channel.port2())).unwrap();
    JsFuture::from(listening).await.unwrap();
    let fetches = BackgroundFetch::of(&registration).unwrap();
    // A test that failed may have left one behind, and the next would wait for that.
    for id in fetches.get_ids().await.unwrap() {
        if let Some(left) = fetches.get(&id).await.unwrap() {
            left.abort().await.unwrap();
        }
    }
    fetches
}

/// Collects what a listener is told.
pub(crate) fn follow(registration: &Registration) -> (Rc<RefCell<Vec<Progress>>>, ProgressListener) {
    let told = Rc::new(RefCell::new(Vec::new()));
    let sink = Rc::clone(&told);
    let listener = registration.on_progress(move |progress| sink.borrow_mut().push(progress));
    (told, listener)
}

/// Waits until a listener was told that the fetch is over.
pub(crate) async fn ended(told: &RefCell<Vec<Progress>>) -> Progress {
    loop {
        if let Some(last) = told.borrow().iter().find(|progress| progress.result != FetchResult::Pending) {
            return last.clone();
        }
        next_turn().await;
    }
}

pub(crate) fn absolute(path: &str) -> String {
    web_sys::window().unwrap().location().origin().unwrap() + path
}
