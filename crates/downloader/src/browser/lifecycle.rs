//! Lifecycle events of a page, from its window and document.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::{EventTarget, VisibilityState};

use super::window;
use crate::ports::Lifecycle;

/// Listens as long as it lives.
#[derive(Debug)]
pub struct Listener {
    target: EventTarget,
    event: &'static str,
    heard: Closure<dyn Fn()>,
}

impl Listener {
    pub(super) fn new(target: EventTarget, event: &'static str, heard: impl Fn() + 'static) -> Self {
        let heard = Closure::new(heard);
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

fn is_visible() -> bool {
    window().document().is_none_or(|document| document.visibility_state() == VisibilityState::Visible)
}

pub(super) fn listen(told: impl Fn(Lifecycle) + 'static) -> Vec<Listener> {
    let told = Rc::new(told);
    let on = |target: EventTarget, event, what: fn() -> Lifecycle| {
        let told = Rc::clone(&told);
        Listener::new(target, event, move || told(what()))
    };
    let mut listening = vec![
        on(window().into(), "online", || Lifecycle::Online),
        on(window().into(), "pagehide", || Lifecycle::Leave),
        on(window().into(), "pageshow", || Lifecycle::Return),
    ];
    if let Some(document) = window().document() {
        listening.push(on(document.clone().into(), "visibilitychange", || {
            if is_visible() { Lifecycle::Visible } else { Lifecycle::Hidden }
        }));
        listening.push(on(document.into(), "freeze", || Lifecycle::Hidden));
    }
    listening
}
