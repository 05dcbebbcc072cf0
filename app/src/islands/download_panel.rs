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
    // Runs in the browser only, after the first render.
    Effect::new({
        let seat = seat.clone();
        move |_| seat.begin()
    });
    let show = {
        let seat = seat.clone();
        move |what: fn(&Download) -> String| {
            let seat = seat.clone();
            move || seat.with(what)
        }
    };
    let state = {
        let seat = seat.clone();
        move || seat.with(|download| name(download.state()))
    };
    let engine = {
        let seat = seat.clone();
        move || seat.with(|download| download.state().fetching().map(|f| engine_name(f.engine)))
    };
    let kept = {
        let seat = seat.clone();
        move || seat.with(|download| download.plan().map_or(0, Plan::kept_bytes))
    };
    let total = {
        let seat = seat.clone();
        move || seat.with(|download| total(download, size))
    };
    view! {
        <section
            class="panel"
            data-testid="download"
            data-state=state
            data-engine=engine
            data-kept=kept
            data-total=total
            aria-labelledby="panel-heading"
        >
            <h2 id="panel-heading" class="unseen">{text::HEADING}</h2>
            <p class="headline">{show(|download| words::headline(download.state()).to_owned())}</p>
            <Bar seat=seat.clone() size/>
            <p class="reach">{show(words::reach)}</p>
            <p class="explanation">{show(words::explanation)}</p>
            // Read aloud when it changes; seen above.
            <p class="unseen" role="status" data-testid="status">{show(words::live)}</p>
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
fn Bar(seat: Seat, size: u64) -> impl IntoView {
    let shown = Memo::new({
        let seat = seat.clone();
        move |_| seat.with(has_bar)
    });
    move || {
        shown.get().then(|| {
            let now = {
                let seat = seat.clone();
                move || seat.with(Download::shown)
            };
            let max = {
                let seat = seat.clone();
                move || seat.with(|download| total(download, size))
            };
            let text = {
                let seat = seat.clone();
                move || seat.with(words::reach)
            };
            let width = {
                let seat = seat.clone();
                move || {
                    seat.with(|download| {
                        // Thousandths, so that it moves on large models too.
                        let permille = words::permille(download.shown(), total(download, size));
                        format!("{}.{}%", permille / 10, permille % 10)
                    })
                }
            };
            view! {
                <div
                    class="bar"
                    role="progressbar"
                    aria-label=text::PROGRESS
                    aria-valuemin="0"
                    aria-valuemax=max
                    aria-valuenow=now
                    aria-valuetext=text
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
    let buttons = Memo::new({
        let seat = seat.clone();
        move |_| seat.with(|download| (download.buttons(), placeholder(download.state())))
    });
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
