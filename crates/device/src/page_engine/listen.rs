//! What the window tells the engine: that the network is back, and that the page is about to go.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;

use super::Engine;
use crate::browser::window;

/// Listens as long as it lives.
pub(super) struct Listening([Listener; 3]);

type Listener = (&'static str, Closure<dyn Fn()>);

pub(super) fn listen(engine: &Rc<Engine>) -> Listening {
    let (online, leaves, returns) = (Rc::clone(engine), Rc::clone(engine), Rc::clone(engine));
    let online = Closure::<dyn Fn()>::new(move || {
        online.transfer.borrow_mut().online();
        online.wake.wake();
    });
    let leaves = Closure::<dyn Fn()>::new(move || leaves.leave());
    // From the cache of pages that one can go back to.
    let returns = Closure::<dyn Fn()>::new(move || {
        returns.away.set(false);
        returns.wake.wake();
    });
    let listening = Listening([("online", online), ("pagehide", leaves), ("pageshow", returns)]);
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
