//! The state in a few words, and the progress.

use protocol::download::{Cause, Download, Fetching, PageTrouble, Plan, Preparing, Quiet, State, Waiting};

use super::explanation::of_missing;
use crate::{bytes, count, duration, percent};

/// The state in a few words.
#[must_use]
pub fn headline(state: &State) -> &'static str {
    match state {
        State::Unknown => "Looking at what is on this device",
        State::Unsupported(_) => "Cannot be kept in this window",
        State::Absent => "Not on this device yet",
        State::Preparing(Preparing::Waiting { cause, .. }) => of_wait(*cause),
        State::Preparing(_) => "Preparing the download",
        State::Fetching(fetching) => of_motion(fetching),
        State::Stopping(_) => "Stopping",
        State::Interrupted(Cause::Cancelled) => "Stopped",
        State::Interrupted(Cause::Paused) => "Paused",
        State::Interrupted(_) => "Interrupted",
        State::Ready => "On this device, complete and checked",
        State::Removing => "Removing",
    }
}

/// What is going on while bytes are on their way.
fn of_motion(fetching: &Fetching) -> &'static str {
    if fetching.is_settling() {
        return "Checking what has arrived";
    }
    let quiet = fetching.background.as_ref().and_then(|background| background.quiet);
    let trouble = fetching.page.as_ref().and_then(|page| page.trouble);
    match (quiet, trouble) {
        (Some(Quiet::Waiting(Waiting::Queued)), _) => "Waiting for another download",
        (Some(Quiet::Paused), _) => "The browser paused this download",
        (None, Some(PageTrouble::Retry { cause, .. })) if fetching.background.is_none() => of_wait(cause),
        (Some(Quiet::Waiting(Waiting::Offline)), _) | (None, Some(PageTrouble::Offline)) => OFFLINE,
        (None, Some(PageTrouble::Retry { .. }) | None) => DOWNLOADING,
    }
}

const DOWNLOADING: &str = "Downloading";
const OFFLINE: &str = "Waiting for the network";

fn of_wait(cause: Cause) -> &'static str {
    if let Cause::Status(_) = cause { "Waiting for the server" } else { OFFLINE }
}

/// How fast it is and how long it will take; empty while nothing comes.
#[must_use]
pub fn throughput(download: &Download) -> String {
    let (State::Fetching(fetching), Some(plan)) = (download.state(), download.plan()) else {
        return String::new();
    };
    let left = plan.total() - fetching.shown.min(plan.total());
    match fetching.throughput.seconds_for(left) {
        // Else it says why nothing comes.
        Some(seconds) if of_motion(fetching) == DOWNLOADING => {
            format!("{}/s, {}", bytes(fetching.throughput.per_second()), duration(seconds))
        }
        Some(_) | None => String::new(),
    }
}

/// How far it is, in bytes and per cent; empty where that says nothing.
#[must_use]
pub fn reach(download: &Download) -> String {
    let Some(plan) = download.plan() else {
        return String::new();
    };
    let (shown, total) = (download.shown(), plan.total());
    match download.state() {
        State::Fetching(_) | State::Stopping(_) => {
            format!("{} of {} ({} %)", bytes(shown), bytes(total), percent(shown, total))
        }
        State::Interrupted(_) => kept(plan),
        State::Ready => bytes(total),
        State::Unknown | State::Unsupported(_) | State::Absent | State::Preparing(_) | State::Removing => {
            String::new()
        }
    }
}

fn kept(plan: &Plan) -> String {
    let (kept, pieces) = plan.count();
    let (have, total) = (bytes(plan.kept_bytes()), bytes(plan.total()));
    format!("{have} of {total} are kept ({kept} of {})", count(pieces, "piece", "pieces"))
}

/// What is read aloud when it changes. Changes every ten per cent at most, or listeners would hear nothing else.
#[must_use]
pub fn live(download: &Download) -> String {
    let headline = headline(download.state());
    if let State::Unsupported(missing) = download.state() {
        return format!("{headline}. {}", of_missing(*missing));
    }
    let Some(plan) = download.plan() else {
        return headline.to_owned();
    };
    match download.state() {
        State::Fetching(fetching) if !fetching.is_settling() => {
            let tens = percent(download.shown(), plan.total()) / 10 * 10;
            format!("{headline}, {tens} %")
        }
        State::Interrupted(_) => format!("{headline}, {}", kept(plan)),
        State::Unknown
        | State::Unsupported(_)
        | State::Absent
        | State::Preparing(_)
        | State::Fetching(_)
        | State::Stopping(_)
        | State::Ready
        | State::Removing => headline.to_owned(),
    }
}

/// The state in the catalogue: one short line, empty for models that are not on this device.
#[must_use]
pub fn mark(download: &Download) -> String {
    let reached = || percent(download.shown(), download.plan().map_or(0, Plan::total));
    match download.state() {
        State::Ready => "✓ On this device".to_owned(),
        State::Fetching(_) | State::Stopping(_) => format!("{}, {} %", headline(download.state()), reached()),
        State::Interrupted(_) if download.plan().is_some() => {
            format!("{}, {} % kept", headline(download.state()), reached())
        }
        State::Unknown
        | State::Unsupported(_)
        | State::Absent
        | State::Preparing(_)
        | State::Interrupted(_)
        | State::Removing => String::new(),
    }
}
