//! Texts that explain a state, and what the user can do.

use protocol::download::{
    Cause, Download, Engine, FallbackReason, Fetching, MissingCapability, PageTrouble, Preparing, Quiet,
    State,
};

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

pub(super) fn of_missing(missing: MissingCapability) -> &'static str {
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
