//! What the browser tells the engine: that the network is back, and that the page is about to go or may be.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::EventTarget;

use super::Engine;
use crate::browser::window;

/// Listens as long as it lives.
pub(super) struct Listener {
    target: EventTarget,
    event: &'static str,
    heard: Closure<dyn Fn()>,
}

pub(super) fn listen(engine: &Rc<Engine>) -> Vec<Listener> {
    let on = |target: &EventTarget, event, heard: fn(&Rc<Engine>)| {
        let engine = Rc::clone(engine);
        Listener::new(target.clone(), event, Closure::new(move || heard(&engine)))
    };
    let mut listening = vec![
        on(&window(), "online", |engine| {
            engine.transfer.borrow_mut().online();
            engine.wake.wake();
        }),
        on(&window(), "pagehide", Engine::leave),
        // From the cache of pages that one can go back to.
        on(&window(), "pageshow", |engine| {
            engine.away.set(false);
            engine.wake.wake();
        }),
    ];
    if let Some(document) = window().document() {
        // Phones end pages that are out of sight without a word.
        for event in ["visibilitychange", "freeze"] {
            listening.push(on(&document, event, Engine::hand_over));
        }
    }
    listening
}

impl Listener {
    fn new(target: EventTarget, event: &'static str, heard: Closure<dyn Fn()>) -> Self {
        // Adding a listener does not throw, nor does removing one.
        let _ = target.add_event_listener_with_callback(event, function(&heard));
        Self { target, event, heard }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.event, function(&self.heard));
    }
}

fn function(listener: &Closure<dyn Fn()>) -> &Function {
    listener.as_ref().unchecked_ref()
}
