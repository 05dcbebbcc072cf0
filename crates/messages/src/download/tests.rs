//! What is said of downloads that went well and of downloads that did not.

use protocol::download::{
    Button, Cause, Choice, Download, Engine, Event, PageEvent, PageOutcome, PageTrouble, Plan, Settings,
    StorageQuota, Survey,
};
use protocol::{Digest, File, Intent, IntentState, Manifest, ModelId, Revision};

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

/// The same, while the page fetches it.
fn fetched_by_page(free: Option<u64>) -> Download {
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
    download
}

/// The same, stopped for this reason.
fn stopped(free: Option<u64>, cause: Cause) -> Download {
    let mut download = fetched_by_page(free);
    download.handle(3, Event::Page { run: 1, event: PageEvent::Finished(PageOutcome::Failed(cause)) });
    download
}

#[test]
fn there_is_no_speed_while_nothing_comes() {
    let mut download = fetched_by_page(None);
    let page = |event| Event::Page { run: 1, event };
    for second in 1..4 {
        download.handle(second * 1_000, page(PageEvent::Progress { in_flight: second << 20 }));
        download.handle(second * 1_000, Event::Tick { waiting: None });
    }
    assert_eq!(throughput(&download), "1.0 MB/s, about 51 min left");
    let retry = PageTrouble::Retry { cause: Cause::Network, at: 9_000 };
    download.handle(3_100, page(PageEvent::Trouble(Some(retry))));
    assert_eq!((headline(download.state()), throughput(&download).as_str()), ("Waiting for the network", ""));
    download.handle(3_200, page(PageEvent::Trouble(None)));
    assert_ne!(throughput(&download), "");
    download.handle(8_000, Event::Tick { waiting: None });
    assert_eq!((headline(download.state()), throughput(&download).as_str()), ("Downloading", ""));
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
    assert_eq!(explanation(&full), "There is no room left on this device. Delete something, then resume.");
}

#[test]
fn each_reason_has_a_headline_and_a_sentence() {
    let said = |cause| {
        let download = stopped(None, cause);
        (headline(download.state()), explanation(&download))
    };
    assert_eq!(said(Cause::Gone).0, "Interrupted");
    assert!(said(Cause::Gone).1.starts_with("The server has replaced these files"));
    assert_eq!(said(Cause::Status(401)).1, "The server answered with an error (401). Resume tries again.");
    assert_eq!(
        said(Cause::Corrupt(2)).1,
        "2 pieces arrived damaged and were not kept. Resume fetches only that again."
    );
    assert_eq!(live(&stopped(None, Cause::Storage)), "Interrupted, 0 B of 3.2 GB are kept (0 of 1 piece)");
}
