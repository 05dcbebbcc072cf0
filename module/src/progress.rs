//! The progress of a download, as the page sees it.

use protocol::download::{Download, Engine, Fetching, PageTrouble, Plan, Quiet, State, Waiting};
use wasm_bindgen::JsValue;

use crate::failure::object;
use crate::status::name;

/// What the callback receives; it is called only for changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Progress {
    phase: Phase,
    engine: Option<Engine>,
    loaded: u64,
    total: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Preparing,
    Downloading,
    Waiting(Why),
    Storing,
    Ready,
}

/// What keeps bytes from coming. It passes by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Why {
    Offline,
    Network,
    AnotherPage,
    Browser,
}

impl Progress {
    /// Nothing while nothing is done.
    pub(crate) fn of(download: &Download) -> Option<Self> {
        let (phase, engine) = match download.state() {
            State::Preparing(_) => (Phase::Preparing, None),
            State::Fetching(fetching) => (phase(fetching), Some(fetching.engine)),
            State::Ready => (Phase::Ready, None),
            State::Unknown
            | State::Unsupported(_)
            | State::Absent
            | State::Stopping(_)
            | State::Interrupted(_)
            | State::Removing => return None,
        };
        let total = download.plan().map_or(0, Plan::total);
        Some(Self { phase, engine, loaded: download.shown(), total })
    }
}

fn phase(fetching: &Fetching) -> Phase {
    if fetching.is_settling() {
        return Phase::Storing;
    }
    let page = fetching.page.as_ref().and_then(|page| match page.trouble {
        Some(PageTrouble::Offline) => Some(Why::Offline),
        Some(PageTrouble::Retry { .. }) => Some(Why::Network),
        None => page.waits.then_some(Why::AnotherPage),
    });
    let background = fetching.background.as_ref().and_then(|background| match background.quiet {
        Some(Quiet::Waiting(Waiting::Offline)) => Some(Why::Offline),
        Some(Quiet::Waiting(Waiting::Queued) | Quiet::Paused) => Some(Why::Browser),
        None => None,
    });
    // Where both work, bytes come as long as one of them has no trouble.
    let why = match (&fetching.page, &fetching.background) {
        (Some(_), Some(_)) => page.and(background),
        (_, None) => page,
        (None, Some(_)) => background,
    };
    why.map_or(Phase::Downloading, Phase::Waiting)
}

impl From<Progress> for JsValue {
    fn from(progress: Progress) -> Self {
        let Progress { phase, engine, loaded, total } = progress;
        let (phase, reason) = match phase {
            Phase::Preparing => ("preparing", None),
            Phase::Downloading => ("downloading", None),
            Phase::Waiting(Why::Offline) => ("waiting", Some("offline")),
            Phase::Waiting(Why::Network) => ("waiting", Some("network")),
            Phase::Waiting(Why::AnotherPage) => ("waiting", Some("another-page")),
            Phase::Waiting(Why::Browser) => ("waiting", Some("browser")),
            Phase::Storing => ("storing", None),
            Phase::Ready => ("ready", None),
        };
        object(&[
            ("phase", phase.into()),
            ("reason", reason.map_or(Self::NULL, Self::from_str)),
            ("engine", engine.map_or(Self::NULL, |engine| name(engine).into())),
            // No files have more than 2^53 bytes.
            ("loaded", Self::from_f64(loaded as f64)),
            ("total", Self::from_f64(total as f64)),
        ])
    }
}
