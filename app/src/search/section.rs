//! The search section of the page: finds its elements by class, and shows passages in them.

use inference_protocol::{Hit, Span};
use leptos::prelude::window;
use messages::search as text;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlTemplateElement, HtmlTextAreaElement};

/// What is seen of the section.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    /// The model is not on this device.
    Absent,
    /// The text can be changed.
    Edit,
    /// The model or the text is being read.
    Busy,
    /// The text can be searched.
    Search,
}

/// The section, as the server rendered it.
#[derive(Clone, Debug)]
pub(super) struct Section(pub HtmlElement);

impl Section {
    /// The section of this page.
    pub(super) fn find() -> Option<Self> {
        let found = window().document()?.get_elements_by_class_name("search").item(0)?;
        Some(Self(found.unchecked_into()))
    }

    /// The part of this class. The server renders them all, in the same build.
    pub(super) fn part(&self, class: &str) -> HtmlElement {
        let found = self.0.get_elements_by_class_name(class).item(0);
        // Without it, its text is written where nobody sees it.
        found.unwrap_or_else(|| self.0.clone().into()).unchecked_into()
    }

    pub(super) fn say(&self, class: &str, words: &str) {
        self.part(class).set_text_content(Some(words));
    }

    pub(super) fn show(&self, phase: Phase) {
        let name = match phase {
            Phase::Absent => "absent",
            Phase::Edit => "edit",
            Phase::Busy => "busy",
            Phase::Search => "search",
        };
        set(&self.0, "data-phase", name);
    }

    pub(super) fn source(&self) -> HtmlTextAreaElement {
        self.part("source").unchecked_into()
    }

    pub(super) fn query(&self) -> HtmlInputElement {
        self.part("query").unchecked_into()
    }

    /// How far something is; the bar moves to and fro while `total` is 0.
    pub(super) fn progress(&self, done: u32, total: u32) {
        let bar = self.part("progress");
        if total == 0 {
            // Fails for no attribute name that there is.
            let _ = bar.remove_attribute("value");
        } else {
            set(&bar, "max", &total.to_string());
            set(&bar, "value", &done.to_string());
        }
    }

    /// Shows the text with a place for each passage.
    pub(super) fn lay_out(&self, source: &str, spans: &[Span]) {
        let place = self.part("marked");
        place.set_text_content(None);
        let mut end = 0;
        for (number, span) in spans.iter().enumerate() {
            append_text(&place, slice(source, end, span.start));
            if let Some(passage) = append(&place, "span") {
                passage.set_id(&id(number));
                passage.set_text_content(Some(slice(source, span.start, span.end)));
            }
            end = span.end;
        }
    }

    /// Shows what was found, in the list and in the text.
    pub(super) fn found(&self, source: &str, spans: &[Span], hits: &[Hit]) {
        let (list, place) = (self.part("hits"), self.part("marked"));
        list.set_text_content(None);
        while let Some(before) = place.get_elements_by_class_name("hit").item(0) {
            before.set_class_name("");
            let _ = before.remove_attribute("role");
        }
        let template = self.0.get_elements_by_tag_name("template").item(0);
        let Some(template) =
            template.map(|element| element.unchecked_into::<HtmlTemplateElement>().content())
        else {
            return;
        };
        for (rank, hit) in hits.iter().enumerate() {
            let number = hit.passage as usize;
            let (Some(span), Ok(copy)) = (spans.get(number), template.clone_node_with_deep(true)) else {
                continue;
            };
            let _ = list.append_child(&copy);
            let Some(item) = list.last_element_child() else { continue };
            let parts = item.children();
            if let (Some(link), Some(bar), Some(share)) = (parts.item(0), parts.item(1), parts.item(2)) {
                set(&link, "href", &format!("#{}", id(number)));
                link.set_text_content(Some(slice(source, span.start, span.end)));
                set(&bar, "value", &text::percent(hit.similarity).to_string());
                share.set_text_content(Some(&text::similarity(hit.similarity)));
            }
            if let Some(passage) = place.children().item(hit.passage) {
                passage.set_class_name("hit");
                set(&passage, "role", "mark");
                if rank == 0 {
                    let passage: HtmlElement = passage.unchecked_into();
                    place.set_scroll_top(passage.offset_top() - place.client_height() / 3);
                }
            }
        }
    }
}

fn id(passage: usize) -> String {
    format!("passage-{passage}")
}

/// A part of a text; nothing if it is not in it, which no worker of this build says.
fn slice(text: &str, start: u32, end: u32) -> &str {
    text.get(start as usize..end as usize).unwrap_or_default()
}

fn set(element: &Element, attribute: &str, value: &str) {
    // Fails only for names that cannot be one.
    let _ = element.set_attribute(attribute, value);
}

fn append(place: &HtmlElement, tag: &str) -> Option<Element> {
    let element = window().document()?.create_element(tag).ok()?;
    place.append_child(&element).ok()?;
    Some(element)
}

fn append_text(place: &HtmlElement, text: &str) {
    if let Some(document) = window().document() {
        let _ = place.append_child(&document.create_text_node(text));
    }
}
