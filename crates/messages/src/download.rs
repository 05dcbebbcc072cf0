//! What the states of a download mean.

use protocol::ModelId;
use protocol::download::{
    Button, Cause, Download, Engine, FallbackReason, Fetching, MissingCapability, PageTrouble, Plan,
    Preparing, Quiet, State, Waiting,
};

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
        (None, Some(PageTrouble::Retry { .. }) | None) => "Downloading",
    }
}

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
        Some(seconds) if !fetching.is_settling() => {
            format!("{}/s, {}", bytes(fetching.throughput.per_second()), duration(seconds))
        }
        Some(_) | None => String::new(),
    }
}

/// The room that it takes, or whether it will stay; empty where there is nothing to say. `size` is the model's, in
/// bytes.
#[must_use]
pub fn quota(download: &Download, size: u64) -> String {
    let quota = download.quota();
    match download.state() {
        State::Ready => match quota.persisted {
            Some(true) => "The browser has promised to keep it.".to_owned(),
            Some(false) => "The browser may remove it when this device runs short of room.".to_owned(),
            None => String::new(),
        },
        State::Absent | State::Interrupted(_) => {
            let missing = download.plan().map_or(size, |plan| plan.total() - plan.kept_bytes());
            let need = download.need(missing);
            let mut text = format!("Needs {} of room", bytes(need));
            if need > missing {
                text += " while it downloads, a third of that afterwards";
            }
            text += ".";
            let short = !quota.fits(need);
            // Some browsers name more than there is.
            if let (Some(free), true) = (quota.free, short) {
                text += &format!(" The browser says that {} are left for this site.", bytes(free));
            }
            let full = short || *download.state() == State::Interrupted(Cause::NoRoom);
            if full && !quota.others.is_empty() {
                let others = quota.others.iter().map(|(model, kept)| format!("{model} ({})", bytes(*kept)));
                text += &format!(" Could be deleted: {}.", others.collect::<Vec<_>>().join(", "));
            }
            text
        }
        State::Unknown
        | State::Unsupported(_)
        | State::Preparing(_)
        | State::Fetching(_)
        | State::Stopping(_)
        | State::Removing => String::new(),
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

/// What is going on and what to do, in one or two sentences; empty where the headline says it all.
#[must_use]
pub fn explanation(download: &Download) -> String {
    match download.state() {
        State::Unsupported(missing) => of_missing(*missing).to_owned(),
        State::Fetching(fetching) => of_fetching(fetching),
        State::Absent if download.older() => {
            "Another version of this model is on this device. Download fetches only what has changed."
                .to_owned()
        }
        State::Interrupted(cause) => of_cause(*cause),
        State::Preparing(Preparing::Waiting { cause, .. }) => of_retry(*cause),
        State::Unknown
        | State::Absent
        | State::Preparing(Preparing::Working | Preparing::Cancelled)
        | State::Stopping(_)
        | State::Ready
        | State::Removing => String::new(),
    }
}

fn of_missing(missing: MissingCapability) -> &'static str {
    match missing {
        MissingCapability::SecureContext => {
            "Browsers keep models only for pages that come by HTTPS or from this computer itself; \
             the files below can be saved one by one."
        }
        MissingCapability::ServiceWorker => {
            "This window has no service workers, as is usual in some private windows; \
             open the page in an ordinary window, or save the files below one by one."
        }
        MissingCapability::Storage => {
            "This window may not store anything, as is usual in some private windows; \
             open the page in an ordinary window, or save the files below one by one."
        }
    }
}

fn of_fetching(fetching: &Fetching) -> String {
    if fetching.background.is_none() && fetching.page.as_ref().is_some_and(|page| page.waits) {
        return "Another tab downloads this model. If that one is closed, this one goes on.".to_owned();
    }
    if let (None, Some(PageTrouble::Retry { cause, .. })) =
        (&fetching.background, fetching.page.as_ref().and_then(|page| page.trouble))
    {
        return of_retry(cause);
    }
    if fetching.background.as_ref().is_some_and(|background| background.quiet == Some(Quiet::Paused)) {
        return "It may go on by itself, or from the browser’s own list of downloads.".to_owned();
    }
    let who = match (fetching.engine, fetching.fallback_reason) {
        (Engine::Background, _) => "The browser downloads in the background: you may close this tab.",
        (Engine::Page, None) => "This page downloads: keep the tab open. What has arrived is kept.",
        (Engine::Page, Some(FallbackReason::NotAllowed)) => {
            "The browser does not allow a download in the background, so this page downloads: keep the tab open."
        }
        (Engine::Page, Some(FallbackReason::TooMany)) => {
            "The browser has too many downloads in the background, so this page downloads: keep the tab open."
        }
        (Engine::Page, Some(FallbackReason::NoRoom)) => {
            "There is too little room for a download in the background, so this page downloads: keep the tab open."
        }
        (Engine::Page, Some(FallbackReason::NoFirstByte)) => {
            "The browser's download in the background did not begin, so this page downloads: keep the tab open."
        }
        (Engine::Page, Some(FallbackReason::Failed)) => {
            "The browser could not start a download in the background, so this page downloads: keep the tab open."
        }
        (Engine::Page, Some(FallbackReason::GaveUp)) => {
            "The browser ended its download too early, so this page fetches the rest: keep the tab open."
        }
        (Engine::Page, Some(FallbackReason::Damaged)) => {
            "This page fetches again what was not right: keep the tab open."
        }
        (Engine::Page, Some(FallbackReason::Elsewhere)) => {
            "This page goes on with what another tab began: keep the tab open. What has arrived is kept."
        }
        (Engine::Page, Some(FallbackReason::Impatience | FallbackReason::Chosen)) => {
            "You chose that this page downloads: keep the tab open. What has arrived is kept."
        }
    };
    match fetching.mismatches.len() {
        0 => who.to_owned(),
        n => format!("{who} {}", damaged(n)),
    }
}

fn of_retry(cause: Cause) -> String {
    match cause {
        Cause::Status(status) => {
            format!("The server answered with an error ({status}). This page tries again by itself.")
        }
        _ => "The connection failed. This page tries again by itself; nothing that has arrived is lost."
            .to_owned(),
    }
}

fn damaged(pieces: usize) -> String {
    match pieces {
        1 => "One piece arrived damaged and was not kept.".to_owned(),
        _ => format!("{pieces} pieces arrived damaged and were not kept."),
    }
}

fn of_cause(cause: Cause) -> String {
    match cause {
        Cause::Cancelled => "This download was stopped. Resume fetches only what is missing.".to_owned(),
        Cause::Paused => "Resume goes on where it stopped.".to_owned(),
        Cause::NeedsClick => "The browser wants a click before it goes on.".to_owned(),
        Cause::Network => {
            "The connection failed. Nothing that has arrived is lost; Resume fetches what is missing."
                .to_owned()
        }
        Cause::Status(status) => {
            format!("The server answered with an error ({status}). Resume tries again.")
        }
        Cause::Browser => {
            "The browser ended the download before it was complete. Resume fetches what is missing."
                .to_owned()
        }
        Cause::Corrupt(pieces) => format!("{} Resume fetches only that again.", damaged(pieces)),
        Cause::NoRoom => "There is no room left on this device. Delete something, then resume.".to_owned(),
        Cause::Gone => {
            "The server has replaced these files, or does not have them any more. What still fits is kept."
                .to_owned()
        }
        Cause::Evicted => {
            "Parts of this model are gone from this device: the browser or somebody removed them. \
             Resume fetches what is missing."
                .to_owned()
        }
        Cause::Storage => "The browser's storage failed. Resume tries again.".to_owned(),
    }
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

/// The label of a button.
#[must_use]
pub fn button(button: Button) -> &'static str {
    match button {
        Button::Download => "Download",
        Button::Resume => "Resume",
        Button::Cancel => "Cancel",
        Button::Pause => "Pause",
        Button::TakeOver => "Go on in this page",
        Button::Renew => "Get the new version",
        Button::Discard => "Discard",
        Button::Delete => "Delete",
    }
}

/// The title in the browser's own list of downloads.
#[must_use]
pub fn background_title(model: &ModelId) -> String {
    format!("Downloading {}", model.name())
}

/// The same when the browser is done.
#[must_use]
pub fn background_title_at_end(model: &ModelId, ready: bool) -> String {
    if ready {
        format!("{} is on this device", model.name())
    } else {
        format!("{} is not complete: open the page to go on", model.name())
    }
}

#[cfg(test)]
mod tests {
    use protocol::download::{Choice, Engine, Event, PageEvent, PageOutcome, Settings, StorageQuota, Survey};
    use protocol::{Digest, File, Intent, IntentState, Manifest, Revision};

    use super::*;

    const GIB: u64 = 1 << 30;

    /// A model of one file of 3 GiB in one piece, in a browser with Background Fetch that says so much is free.
    fn download(free: Option<u64>) -> Download {
        let (model, revision) = ("owner/name".parse::<ModelId>(), Revision::from_bytes([9; 20]));
        let mut download = Download::new(model.expect("an id"), revision, Settings::default());
        download.handle(0, Event::Opened(Engine::Background));
        download.handle(0, Event::Surveyed { epoch: 9, survey: Survey::default() });
        download.handle(0, Event::StorageQuota(StorageQuota { free, ..StorageQuota::default() }));
        download
    }

    /// The same, stopped for this reason while the page fetched it.
    fn stopped(free: Option<u64>, cause: Cause) -> Download {
        let mut download = download(free);
        let (model, revision) = (download.model().clone(), download.revision());
        let digest = Digest::from_bytes([1; 32]);
        let file =
            File { path: "w".parse().expect("a path"), size: 3 * GIB, sha256: digest, pieces: vec![digest] };
        let manifest = Manifest::new(model, revision, 3 * GIB, vec![file]).expect("a manifest");
        let plan = Some(Plan::new(&manifest, &[].into_iter().collect()));
        let intent = Some(Intent { revision, state: IntentState::Active, nonce: None });
        download.handle(1, Event::Chosen(Choice::Page));
        download.handle(1, Event::Clicked(Button::Download));
        download.handle(2, Event::Prepared(Survey { plan, intent, ..Survey::default() }));
        download.handle(3, Event::Page { run: 1, event: PageEvent::Finished(PageOutcome::Failed(cause)) });
        download
    }

    #[test]
    fn the_room_that_a_download_takes_is_said_before_it_begins() {
        let need = "Needs 9.6 GB of room while it downloads, a third of that afterwards.";
        assert_eq!(quota(&download(None), 3 * GIB), need);
        assert_eq!(quota(&download(Some(10 * GIB)), 3 * GIB), need);
        let tight = quota(&download(Some(2 * GIB)), 3 * GIB);
        assert_eq!(tight, format!("{need} The browser says that 2.1 GB are left for this site."));
        // The page takes it once.
        assert_eq!(quota(&download(Some(4 * GIB)), 3 * GIB), "Needs 3.2 GB of room.");
    }

    #[test]
    fn what_the_browser_claims_is_not_said_where_its_storage_said_otherwise() {
        let full = stopped(Some(1 << 40), Cause::NoRoom);
        assert_eq!(quota(&full, 3 * GIB), "Needs 3.2 GB of room.");
        assert_eq!(
            explanation(&full),
            "There is no room left on this device. Delete something, then resume."
        );
    }

    #[test]
    fn each_reason_has_a_headline_and_a_sentence() {
        let said = |cause| {
            let download = stopped(None, cause);
            (headline(download.state()), explanation(&download))
        };
        assert_eq!(said(Cause::Gone).0, "Interrupted");
        assert!(said(Cause::Gone).1.starts_with("The server has replaced these files"));
        assert_eq!(
            said(Cause::Status(401)).1,
            "The server answered with an error (401). Resume tries again."
        );
        assert_eq!(
            said(Cause::Corrupt(2)).1,
            "2 pieces arrived damaged and were not kept. Resume fetches only that again."
        );
        assert_eq!(
            live(&stopped(None, Cause::Storage)),
            "Interrupted, 0 B of 3.2 GB are kept (0 of 1 piece)"
        );
    }
}
