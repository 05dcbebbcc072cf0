//! What the window tells the engine: that the network is back, and that the page is about to go.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;

use super::super::browser::window;
use super::Engine;

/// Listens as long as it lives.
pub(super) struct Listening([Listener; 2]);

type Listener = (&'static str, Closure<dyn Fn()>);

pub(super) fn listen(engine: &Rc<Engine>) -> Listening {
    let (online, hidden) = (Rc::clone(engine), Rc::clone(engine));
    let online = Closure::<dyn Fn()>::new(move || {
        online.transfer.borrow_mut().online();
        online.wake.wake();
    });
    // There may be time for it, or not: what was saved before does not depend on it.
    let hidden = Closure::<dyn Fn()>::new(move || hidden.save(true));
    let listening = Listening([("online", online), ("pagehide", hidden)]);
    for (name, listener) in &listening.0 {
        // Adding a listener does not throw, nor does removing one.
        let _ = window().add_event_listener_with_callback(name, function(listener));
    }
    listening
}

impl Drop for Listening {
    fn drop(&mut self) {
        for (name, listener) in &self.0 {
            let _ = window().remove_event_listener_with_callback(name, function(listener));
        }
    }
}

fn function(listener: &Closure<dyn Fn()>) -> &Function {
    listener.as_ref().unchecked_ref()
}
