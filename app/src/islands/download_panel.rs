//! The part of a model's page that downloads: state, progress, buttons.

use leptos::prelude::*;
use protocol::download::{Button, Download, Engine, Plan, State};
use protocol::{ModelId, Revision};
use words::panel as text;

use crate::device::{self, Seat};

/// The panel. `size` in bytes is what the server says, until the device knows better.
#[island]
pub(crate) fn DownloadPanel(model: ModelId, revision: Revision, size: u64) -> impl IntoView {
    let seat = device::seat(model, revision);
    let download = seat.download();
    // Runs in the browser only, after the first render.
    Effect::new({
        let seat = seat.clone();
        move |_| seat.begin()
    });
    // A line of text, or none where there is nothing to say.
    let line = move |class: &'static str, what: fn(&Download) -> String| {
        move || {
            Some(download.with(what))
                .filter(|text| !text.is_empty())
                .map(|text| view! { <p class=class>{text}</p> })
        }
    };
    view! {
        <section
            class="panel"
            data-testid="download"
            data-state=move || download.with(|download| name(download.state()))
            data-engine=move || download.with(|d| d.state().fetching().map(|f| engine_name(f.engine)))
            data-kept=move || download.with(|download| download.plan().map_or(0, Plan::kept_bytes))
            data-total=move || download.with(|download| total(download, size))
            aria-labelledby="panel-heading"
        >
            <h2 id="panel-heading" class="unseen">{text::HEADING}</h2>
            <p class="headline">{move || download.with(|download| words::headline(download.state()))}</p>
            <Bar download size/>
            {line("reach", words::reach)}
            {line("explanation", words::explanation)}
            // Read aloud when it changes; seen above.
            <p class="unseen" role="status" data-testid="status">{move || download.with(words::live)}</p>
            <Buttons seat/>
            <noscript><p class="explanation">{text::NO_SCRIPT}</p></noscript>
        </section>
    }
}

fn name(state: &State) -> &'static str {
    match state {
        State::Unknown => "unknown",
        State::Unsupported(_) => "unsupported",
        State::Absent => "absent",
        State::Preparing { .. } => "preparing",
        State::Fetching(fetching) if fetching.is_settling() => "settling",
        State::Fetching(_) => "fetching",
        State::Stopping(_) => "stopping",
        State::Interrupted(_) => "interrupted",
        State::Ready => "ready",
        State::Removing => "removing",
    }
}

fn engine_name(engine: Engine) -> &'static str {
    match engine {
        Engine::Background => "background",
        Engine::Page => "page",
    }
}

fn total(download: &Download, size: u64) -> u64 {
    download.plan().map_or(size, Plan::total)
}

/// Whether a bar says anything in this state.
fn has_bar(download: &Download) -> bool {
    match download.state() {
        State::Preparing { .. } | State::Fetching(_) | State::Stopping(_) => true,
        State::Interrupted(_) => download.plan().is_some(),
        State::Unknown | State::Unsupported(_) | State::Absent | State::Ready | State::Removing => false,
    }
}

/// The progress bar. A `div` with ARIA rather than `progress`, whose value text cannot be set.
#[component]
fn Bar(download: ReadSignal<Download>, size: u64) -> impl IntoView {
    let shown = Memo::new(move |_| download.with(has_bar));
    let width = move || {
        // Thousandths, so that it moves on large models too.
        let permille = download.with(|download| words::permille(download.shown(), total(download, size)));
        format!("{}.{}%", permille / 10, permille % 10)
    };
    move || {
        shown.get().then(|| {
            view! {
                <div
                    class="bar"
                    role="progressbar"
                    aria-label=text::PROGRESS
                    aria-valuemin="0"
                    aria-valuemax=move || download.with(|download| total(download, size))
                    aria-valuenow=move || download.with(Download::shown)
                    aria-valuetext=move || download.with(words::reach)
                >
                    <div class="fill" style:width=width></div>
                </div>
            }
        })
    }
}

#[component]
fn Buttons(seat: Seat) -> impl IntoView {
    let asking = RwSignal::new(false);
    let download = seat.download();
    let buttons =
        Memo::new(move |_| download.with(|download| (download.buttons(), placeholder(download.state()))));
    let press = move |button: Button| {
        let seat = seat.clone();
        move |_| {
            if button == Button::Delete && !asking.get_untracked() {
                asking.set(true);
            } else {
                asking.set(false);
                seat.press(button);
            }
        }
    };
    move || {
        let (buttons, placeholder) = buttons.get();
        if asking.get() && buttons.contains(&Button::Delete) {
            return view! {
                <div class="buttons" role="group" aria-label=text::CONFIRM_DELETE>
                    <p>{text::CONFIRM_DELETE}</p>
                    <button type="button" class="danger" on:click=press(Button::Delete)>{text::YES_DELETE}</button>
                    <button type="button" on:click=move |_| asking.set(false)>{text::NO_KEEP}</button>
                </div>
            }
            .into_any();
        }
        view! {
            <div class="buttons">
                // Until the device has been looked at, the button is there but cannot be pressed.
                {placeholder.map(|button| view! {
                    <button type="button" class="primary" disabled>{words::button(button)}</button>
                })}
                {buttons.iter().map(|button| view! {
                    <button type="button" class=class(*button) on:click=press(*button)>{words::button(*button)}</button>
                }).collect_view()}
            </div>
        }
        .into_any()
    }
}

fn placeholder(state: &State) -> Option<Button> {
    match state {
        State::Unknown => Some(Button::Download),
        State::Preparing { cancelled: true } | State::Stopping(_) => Some(Button::Cancel),
        State::Unsupported(_)
        | State::Absent
        | State::Preparing { cancelled: false }
        | State::Fetching(_)
        | State::Interrupted(_)
        | State::Ready
        | State::Removing => None,
    }
}

fn class(button: Button) -> &'static str {
    match button {
        Button::Download | Button::Resume => "primary",
        Button::Cancel | Button::Discard | Button::Delete => "quiet",
    }
}
