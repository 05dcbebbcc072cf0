//! A search session: the inference worker, what it was asked, and what it has answered.
//!
//! One function receives all events of the page and of the worker, so that the browser loads the code of a
//! listener once.

use std::cell::RefCell;

use inference_protocol::{FromInference, Hit, LoadFailure, Span, TextFailure, ToInference};
use messages::search as text;
use protocol::{ModelId, Revision, TextForm as _, routes};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{
    DragEvent, ErrorEvent, Event, File, FileReader, HtmlElement, HtmlInputElement, MessageEvent, Worker,
};

use super::section::{Phase, Section};

/// The longest text in bytes: the model reads some ten kilobytes a second.
const LONGEST: usize = 2_000_000;

/// Passages that are shown for a query.
const MOST_HITS: u32 = 5;

/// Passages less similar than this have nothing to do with the query.
const LEAST_SIMILARITY: f32 = 0.1;

type Listener = Closure<dyn FnMut(Event)>;

thread_local! {
    /// The search of this page, which has one at most.
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

struct Session {
    section: Section,
    model: ModelId,
    revision: Option<Revision>,
    phase: Phase,
    listener: Listener,
    /// Made when it is first wanted; it holds the model.
    worker: Option<Worker>,
    loaded: bool,
    /// The number of the current text.
    job: u32,
    /// The number of the last query.
    number: u32,
    source: String,
    spans: Vec<Span>,
    /// How many of these are embedded.
    done: u32,
}

/// Tells the search of this page, if it has one, which revision of the model is on this device.
pub(crate) fn follow(model: &ModelId, here: Option<Revision>) {
    let Some(section) = Section::find() else { return };
    SESSION.with_borrow_mut(|session| {
        let session = session.get_or_insert_with(|| Session::new(section, model));
        match (session.phase, here) {
            (Phase::Absent, Some(_)) => session.show(Phase::Edit),
            (_, None) => {
                session.let_go();
                session.show(Phase::Absent);
            }
            (Phase::Edit | Phase::Busy | Phase::Search, Some(_)) => {}
        }
        // A worker continues with the one that it has loaded.
        if session.worker.is_none() {
            session.revision = here;
        }
    });
}

impl Session {
    fn new(section: Section, model: &ModelId) -> Self {
        let listener = Closure::wrap(Box::new(|event: Event| {
            // What our own doing causes at once is not the user's: a field that loses the focus to another one says that it
            // has changed.
            SESSION.with(|session| {
                if let Ok(mut session) = session.try_borrow_mut()
                    && let Some(session) = session.as_mut()
                {
                    session.hear(&event);
                }
            });
        }) as Box<dyn FnMut(Event)>);
        for name in ["click", "change", "input", "dragover", "drop"] {
            listen(&section.0, name, &listener);
        }
        Self {
            section,
            model: model.clone(),
            revision: None,
            phase: Phase::Absent,
            listener,
            worker: None,
            loaded: false,
            job: 0,
            number: 0,
            source: String::new(),
            spans: Vec::new(),
            done: 0,
        }
    }

    fn hear(&mut self, event: &Event) {
        let Some(target) = event.target() else { return };
        match event.type_().as_str() {
            "message" => self.answer(&event.unchecked_ref::<MessageEvent>().data()),
            "error" => {
                // If the script cannot be loaded, the event has no message.
                let words = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
                self.fail_for_good(&LoadFailure::Program(words.unwrap_or_default()));
            }
            _ if self.phase == Phase::Absent => {}
            // A file has been read, or cannot be.
            "loadend" => {
                let content = target.unchecked_into::<FileReader>().result();
                self.take(content.ok().and_then(|content| content.as_string()));
            }
            "click" => self.press(&target.unchecked_into::<HtmlElement>().class_name()),
            "input" if target == self.section.query().into() => self.ask(),
            "change" => {
                let chosen = target.unchecked_into::<HtmlInputElement>().files();
                self.open(chosen.and_then(|files| files.item(0)));
            }
            "dragover" | "drop" => self.drag(event),
            _ => {}
        }
    }

    /// A file that is held over the section, or dropped on it. Text is left to the browser.
    fn drag(&mut self, event: &Event) {
        let Some(data) = event.unchecked_ref::<DragEvent>().data_transfer() else { return };
        if data.types().includes(&"Files".into(), 0) {
            event.prevent_default();
            if event.type_() == "drop" {
                self.open(data.files().and_then(|files| files.item(0)));
            }
        }
    }

    fn press(&mut self, class: &str) {
        match class {
            "primary begin" => self.begin(),
            "quiet cancel" => self.cancel(),
            "quiet change" => {
                self.cancel();
                self.show(Phase::Edit);
                focus(&self.section.source());
            }
            _ => {}
        }
    }

    /// Reads a file, if there is one.
    fn open(&mut self, file: Option<File>) {
        let Some(file) = file else { return };
        if file.size() > LONGEST as f64 {
            return self.fail(text::TOO_LONG);
        }
        if let Ok(reader) = FileReader::new() {
            listen(&reader, "loadend", &self.listener);
            // Throws only for what is no file.
            let _ = reader.read_as_text(&file);
        }
    }

    fn take(&mut self, content: Option<String>) {
        match content.filter(|content| !content.contains('\0')) {
            Some(content) => {
                self.section.source().set_value(&content);
                self.begin();
            }
            None => self.fail(text::NO_TEXT),
        }
    }

    /// Loads the model, unless that was done before, and reads the text.
    fn begin(&mut self) {
        self.source = self.section.source().value();
        if self.source.len() > LONGEST {
            return self.fail(text::TOO_LONG);
        }
        self.spans.clear();
        self.section.lay_out("", &[]);
        self.section.found("", &[], &[]);
        self.section.say("found", "");
        self.section.say("reach", "");
        self.show(Phase::Busy);
        focus(&self.section.query());
        if self.loaded {
            return self.read();
        }
        self.section.say("state", text::LOADING);
        self.section.progress(0, 0);
        // One that is there has been asked already.
        if self.worker.is_none()
            && let Some(revision) = self.revision
        {
            match Worker::new(routes::INFERENCE_WORKER) {
                Ok(worker) => {
                    listen(&worker, "message", &self.listener);
                    listen(&worker, "error", &self.listener);
                    self.worker = Some(worker);
                }
                Err(_) => return self.fail_for_good(&LoadFailure::Program(String::new())),
            }
            self.post(&ToInference::Load { model: self.model.clone(), revision });
        }
    }

    fn read(&mut self) {
        self.job += 1;
        self.done = 0;
        self.section.say("state", text::READING);
        self.post(&ToInference::Index { job: self.job, text: self.source.clone() });
    }

    fn cancel(&mut self) {
        match (self.phase, self.loaded) {
            (Phase::Busy, true) => self.post(&ToInference::Cancel { job: self.job }),
            (Phase::Busy, false) => {
                self.let_go();
                self.show(Phase::Edit);
            }
            (Phase::Absent | Phase::Edit | Phase::Search, _) => {}
        }
    }

    /// Asks again as long as the text is being read: what comes may be closer.
    fn ask(&mut self) {
        self.number += 1;
        let query = self.section.query().value();
        if query.trim().is_empty() {
            self.show_hits(&[]);
            self.section.say("found", "");
        } else if self.done > 0 {
            self.post(&ToInference::Query {
                job: self.job,
                number: self.number,
                limit: MOST_HITS,
                text: query,
            });
        }
    }

    fn answer(&mut self, data: &JsValue) {
        let Some(answer) = data.as_string().and_then(|text| FromInference::from_text(&text)) else { return };
        match answer {
            FromInference::Loading { loaded, total } => {
                // In kilobytes they fit.
                self.section.progress((loaded >> 10) as u32, (total >> 10) as u32);
            }
            FromInference::Loaded { .. } => {
                self.loaded = true;
                self.read();
            }
            FromInference::Failed(failure) => self.fail_for_good(&failure),
            FromInference::Passages { job, spans } if job == self.job => {
                self.section.lay_out(&self.source, &spans);
                self.spans = spans;
            }
            FromInference::Progress { job, done, total } if job == self.job => {
                self.done = done;
                self.section.progress(done, total);
                self.section.say("reach", &text::reach(done, total));
                self.ask();
            }
            FromInference::Indexed { job } if job == self.job => {
                // Of the last batch nothing else is said.
                self.done = self.spans.len() as u32;
                self.end(&text::ready(self.spans.len()));
            }
            FromInference::Cancelled { job } if job == self.job => {
                self.end(&text::stopped(self.done as usize, self.spans.len()));
            }
            FromInference::IndexFailed { job, failure } if job == self.job => {
                self.fail(&text::text_failure(&failure));
            }
            FromInference::Hits { job, number, hits, .. } if (job, number) == (self.job, self.number) => {
                self.show_hits(&hits);
            }
            // White space alone is not asked for, and what else there may be is not of the text.
            FromInference::QueryFailed { number, failure } if number == self.number => match failure {
                TextFailure::Empty => self.show_hits(&[]),
                TextFailure::NotLoaded
                | TextFailure::UnknownJob
                | TextFailure::Tokenizer(_)
                | TextFailure::NoMemory => self.section.say("found", &text::text_failure(&failure)),
            },
            // Of a text or a query before.
            FromInference::Passages { .. }
            | FromInference::Progress { .. }
            | FromInference::Indexed { .. }
            | FromInference::Cancelled { .. }
            | FromInference::IndexFailed { .. }
            | FromInference::Hits { .. }
            | FromInference::QueryFailed { .. } => {}
        }
    }

    fn end(&mut self, state: &str) {
        // The user may have gone back to the text meanwhile.
        if self.phase == Phase::Busy {
            self.show(Phase::Search);
            self.section.say("state", state);
            self.ask();
        }
    }

    fn show_hits(&mut self, hits: &[Hit]) {
        let close = hits.iter().take_while(|hit| hit.similarity >= LEAST_SIMILARITY).count();
        let close = &hits[..close];
        self.section.found(&self.source, &self.spans, close);
        match close.first() {
            Some(best) => self.section.say("found", &text::found(close.len(), best.similarity)),
            None => self.section.say("found", text::NOTHING),
        }
    }

    fn show(&mut self, phase: Phase) {
        self.phase = phase;
        self.section.show(phase);
        self.section.say("state", "");
        self.section.say("failure", "");
    }

    fn fail(&mut self, words: &str) {
        self.show(Phase::Edit);
        self.section.say("failure", words);
    }

    /// The worker cannot go on; the next click makes another one.
    fn fail_for_good(&mut self, failure: &LoadFailure) {
        self.let_go();
        self.fail(&text::load_failure(failure));
    }

    /// Ends the worker, which gives the memory back at once.
    fn let_go(&mut self) {
        self.loaded = false;
        if let Some(worker) = self.worker.take() {
            worker.terminate();
        }
    }

    fn post(&self, message: &ToInference) {
        if let Some(worker) = &self.worker {
            // Texts can always be posted.
            let _ = worker.post_message(&message.to_text().into());
        }
    }
}

fn listen(target: &web_sys::EventTarget, name: &str, listener: &Listener) {
    // Fails for nothing that is a function.
    let _ = target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
}

fn focus(element: &HtmlElement) {
    // Without it nothing but the place is lost.
    let _ = element.focus();
}
