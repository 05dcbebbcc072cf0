//! The download panel of a model's page: state, progress, buttons.

use leptos::prelude::*;
use messages::panel as text;
use protocol::download::{Button, Choice, Download, Engine, Plan, Preparing, State};

use crate::download_view::DownloadView;
use crate::offer::Offer;
use crate::search;

/// The panel, for the page's [`Offer`]. Its size is shown until the device knows better.
#[island]
pub(crate) fn DownloadPanel() -> impl IntoView {
    let Offer { model, revision, size } = Offer::find();
    let (data_model, data_revision) = (model.to_string(), revision.to_string());
    let download = DownloadView::of(model.clone(), revision);
    // Runs in the browser only, after the first render, and whenever something changes. It calls the search, since that is no
    // island: the machinery of one would be larger than it is.
    Effect::new(move |_| {
        download.begin();
        search::follow(&model, download.with(Download::readable));
    });
    // All of one type, so that the browser loads the code for a changing text once.
    let say = move |what: Say| move || download.with(|download| what(download, size));
    // A line of text, or none where there is nothing to say.
    let line = move |class: &'static str, what: Say| {
        let text = say(what);
        move || Some(text()).filter(|text| !text.is_empty()).map(|text| view! { <p class=class>{text}</p> })
    };
    view! {
        <section
            class="panel"
            data-testid="download"
            data-model=data_model
            data-revision=data_revision
            data-size=size.to_string()
            data-state=say(|download, _| name(download.state()).to_owned())
            data-engine=say(|download, _| engine(download).to_owned())
            data-kept=say(|download, _| download.plan().map_or(0, Plan::kept_bytes).to_string())
            data-total=say(|download, size| total(download, size).to_string())
            aria-labelledby="panel-heading"
            on:click:capture=|click| first_of_several(&click)
        >
            <h2 id="panel-heading" class="unseen">{text::HEADING}</h2>
            <p class="headline">{say(|download, _| messages::headline(download.state()).to_owned())}</p>
            <Bar download size/>
            {line("reach", |download, _| messages::reach(download))}
            {line("throughput", |download, _| messages::throughput(download))}
            {line("explanation", |download, _| messages::explanation(download))}
            {line("quota", messages::quota)}
            // Read aloud when it changes; seen above.
            <p class="unseen" role="status" data-testid="status">{say(|download, _| messages::live(download))}</p>
            <Buttons download/>
            <Settings download/>
            <noscript><p class="explanation">{text::NO_SCRIPT}</p></noscript>
        </section>
    }
}

/// Stops the second click of a double click: the first one has changed the layout, and Discard or Settings may be there now.
fn first_of_several(click: &leptos::ev::MouseEvent) {
    if click.detail() > 1 {
        click.prevent_default();
        click.stop_propagation();
    }
}

/// What a download says somewhere; the number is the size in bytes that the server states.
type Say = fn(&Download, u64) -> String;

fn name(state: &State) -> &'static str {
    match state {
        State::Unknown => "unknown",
        State::Unsupported(_) => "unsupported",
        State::Absent => "absent",
        State::Preparing(_) => "preparing",
        State::Fetching(fetching) if fetching.is_settling() => "settling",
        State::Fetching(_) => "fetching",
        State::Stopping(_) => "stopping",
        State::Interrupted(_) => "interrupted",
        State::Ready => "ready",
        State::Removing => "removing",
    }
}

/// The engine that carries the bulk; empty while nothing is fetched.
fn engine(download: &Download) -> &'static str {
    match download.state().fetching().map(|fetching| fetching.engine) {
        Some(Engine::Background) => "background",
        Some(Engine::Page) => "page",
        None => "",
    }
}

fn total(download: &Download, size: u64) -> u64 {
    download.plan().map_or(size, Plan::total)
}

/// Whether a bar says anything in this state.
fn has_bar(download: &Download) -> bool {
    match download.state() {
        State::Preparing(_) | State::Fetching(_) | State::Stopping(_) => true,
        State::Interrupted(_) => download.plan().is_some(),
        State::Unknown | State::Unsupported(_) | State::Absent | State::Ready | State::Removing => false,
    }
}

/// The progress bar. A `div` with ARIA rather than `progress`, whose value text cannot be set.
#[component]
fn Bar(download: DownloadView, size: u64) -> impl IntoView {
    let shown = Memo::new(move |_| download.with(has_bar));
    let say = move |what: Say| move || download.with(|download| what(download, size));
    move || {
        shown.get().then(|| {
            view! {
                <div
                    class="bar"
                    role="progressbar"
                    aria-label=text::PROGRESS
                    aria-valuemin="0"
                    aria-valuemax=say(|download, size| total(download, size).to_string())
                    aria-valuenow=say(|download, _| download.shown().to_string())
                    aria-valuetext=say(|download, _| messages::reach(download))
                >
                    <div class="fill" style:width=say(width)></div>
                </div>
            }
        })
    }
}

/// Thousandths, so that it moves on large models too.
fn width(download: &Download, size: u64) -> String {
    let permille = messages::permille(download.shown(), total(download, size));
    format!("{}.{}%", permille / 10, permille % 10)
}

/// What the user can set. Closed until it is wanted.
#[component]
fn Settings(download: DownloadView) -> impl IntoView {
    let option = move |(label, choice): (&'static str, Choice)| {
        view! {
            <button
                type="button"
                class="quiet"
                aria-pressed=move || download.with(|download| (download.choice() == choice).to_string())
                disabled=move || {
                    // Not where the browser cannot.
                    choice == Choice::Background && download.with(|download| download.offered() == Engine::Page)
                }
                on:click=move |_| download.choose(choice)
            >
                {label}
            </button>
        }
    };
    let options = [
        (text::ENGINE_AUTOMATIC, Choice::Automatic),
        (text::ENGINE_BACKGROUND, Choice::Background),
        (text::ENGINE_PAGE, Choice::Page),
    ];
    view! {
        <details class="settings">
            <summary>{text::SETTINGS}</summary>
            <p id="engine">{text::ENGINE}</p>
            <div class="buttons" role="group" aria-labelledby="engine">
                {options.map(option).into_iter().collect_view()}
            </div>
            <p class="note">{text::ENGINE_NOTE}</p>
        </details>
    }
}

/// Every button that there is, each an element of its own which is hidden while it is not offered. If one element
/// served for several, a click on Download that comes late, or twice, would meet Cancel in its place.
#[component]
fn Buttons(download: DownloadView) -> impl IntoView {
    let asking = RwSignal::new(false);
    let group = NodeRef::<leptos::html::Div>::new();
    let offered = Memo::new(move |_| download.with(|download| offered(download, asking.get())));
    let button = move |(act, label, class): (Act, &'static str, &'static str)| {
        let state = move || offered.get().into_iter().find(|(other, _)| *other == act);
        let press = move |_| {
            asking.set(act == Act::Ask);
            if let Act::Press(button) = act {
                download.press(button);
            }
            // The pressed button is about to go, and the keyboard would be nowhere.
            if let Some(group) = group.get_untracked() {
                // Without it nothing but the place is lost.
                let _ = group.focus();
            }
        };
        view! {
            <button
                type="button"
                class=class
                hidden=move || state().is_none()
                disabled=move || state().is_some_and(|(_, enabled)| !enabled)
                on:click=press
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="buttons" role="group" aria-label=text::ACTIONS tabindex="-1" node_ref=group>
            <p hidden=move || !offered.get().contains(&(Act::Keep, true))>{text::CONFIRM_DELETE}</p>
            {buttons().map(button).into_iter().collect_view()}
        </div>
    }
}

/// What a button does.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Act {
    Press(Button),
    /// Asks whether the model is really to be deleted.
    Ask,
    /// Takes that back.
    Keep,
}

/// All buttons in the order in which they stand, with label and class.
fn buttons() -> [(Act, &'static str, &'static str); 10] {
    let press = |button| (Act::Press(button), messages::button(button), class(button));
    [
        press(Button::Download),
        press(Button::Resume),
        press(Button::Renew),
        press(Button::TakeOver),
        press(Button::Pause),
        press(Button::Cancel),
        press(Button::Discard),
        (Act::Ask, messages::button(Button::Delete), class(Button::Delete)),
        (Act::Keep, text::NO_KEEP, "quiet"),
        (Act::Press(Button::Delete), text::YES_DELETE, "danger"),
    ]
}

/// The buttons that are seen now, and whether they can be pressed.
fn offered(download: &Download, asking: bool) -> Vec<(Act, bool)> {
    let buttons = download.buttons();
    if asking && buttons.contains(&Button::Delete) {
        return vec![(Act::Keep, true), (Act::Press(Button::Delete), true)];
    }
    let acting = buttons.iter().map(|button| match button {
        Button::Delete => (Act::Ask, true),
        Button::Download
        | Button::Resume
        | Button::Cancel
        | Button::Pause
        | Button::TakeOver
        | Button::Renew
        | Button::Discard => (Act::Press(*button), true),
    });
    // Before the device has been looked at, and while it stops, the button is there but cannot be pressed.
    placeholder(download.state())
        .map(|button| (Act::Press(button), false))
        .into_iter()
        .chain(acting)
        .collect()
}

fn placeholder(state: &State) -> Option<Button> {
    match state {
        State::Unknown => Some(Button::Download),
        State::Preparing(Preparing::Cancelled) | State::Stopping(_) => Some(Button::Cancel),
        State::Unsupported(_)
        | State::Absent
        | State::Preparing(Preparing::Working | Preparing::Waiting { .. })
        | State::Fetching(_)
        | State::Interrupted(_)
        | State::Ready
        | State::Removing => None,
    }
}

fn class(button: Button) -> &'static str {
    match button {
        Button::Download | Button::Resume | Button::TakeOver | Button::Renew => "primary",
        Button::Cancel | Button::Pause | Button::Discard | Button::Delete => "quiet",
    }
}
