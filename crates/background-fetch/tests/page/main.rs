//! In a page: real background fetches of files of this crate, and their events in a real service worker.
//!
//! Nothing here waits for a time; where a fetch must not end, one of its requests cannot be answered.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "clippy knows tests by #[test], not by #[wasm_bindgen_test]")]

mod page;
pub mod worker;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use background_fetch::{
    BackgroundFetch, ErrorKind, FailureReason, FetchResult, Icon, Options, ProgressListener, Record,
    Registration, RequestInfo, is_supported,
};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Object, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Request, RequestInit, RequestMode, Response, ServiceWorkerRegistration};

use crate::page::{Reports, absolute, ended, fetches, follow, register};

wasm_bindgen_test_configure!(run_in_browser);

/// Files that the test runner serves, and their bytes.
const README: (&str, &[u8]) = ("/README.md", include_bytes!("../../README.md"));
const WORKER: (&str, &[u8]) = ("/tests/page/worker.js", include_bytes!("worker.js"));

/// Refuses connections: a port that nothing listens on. Chromium tries again every 20 s, five times, so a
/// fetch that includes it runs until it is aborted.
const UNREACHABLE: &str = "http://127.0.0.1:2/";

/// The channel on which the worker reports to the page.
const REPORTS: &str = "background-fetch-tests";

/// Lets the browser do something else. Only used to ask again, never to wait for a time.
async fn next_turn() {
    TimeoutFuture::new(5).await;
}

async fn bytes(response: &Response) -> Vec<u8> {
    let buffer = JsFuture::from(response.array_buffer().unwrap()).await.unwrap();
    Uint8Array::new(&buffer).to_vec()
}

fn line_of(file: (&str, &[u8])) -> String {
    format!("record {} 200 {}", absolute(file.0), file.1.len())
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[wasm_bindgen_test]
fn support_is_detected() {
    assert!(is_supported());
}

#[wasm_bindgen_test]
fn a_registration_without_the_property_is_unsupported() {
    let bare: ServiceWorkerRegistration = Object::new().unchecked_into();
    assert_eq!(BackgroundFetch::of(&bare).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[wasm_bindgen_test]
async fn a_registration_without_an_active_worker_is_an_invalid_state() {
    let registration = register("/tests/page/fresh/").await;
    assert!(registration.active().is_none(), "the browser was faster than this test");
    let fetches = BackgroundFetch::of(&registration).unwrap();
    let refused = fetches.fetch("too-early", [README.0], &Options::new()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidState);
    JsFuture::from(registration.unregister().unwrap()).await.unwrap();
}

#[wasm_bindgen_test]
async fn an_unknown_id_finds_nothing() {
    assert!(fetches().await.get("unknown").await.unwrap().is_none());
}

#[wasm_bindgen_test]
async fn arguments_the_browser_does_not_accept_are_bad_requests() {
    let fetches = fetches().await;
    let options = Options::new();
    let init = RequestInit::new();
    init.set_mode(RequestMode::NoCors);
    let no_cors = Request::new_with_str_and_init(README.0, &init).unwrap();

    let nothing: [&str; 0] = [];
    let refusals = [
        fetches.fetch("nothing", nothing, &options).await,
        fetches.fetch("no-url", ["http://"], &options).await,
        fetches.fetch("no-http", ["data:,x"], &options).await,
        fetches.fetch("no-cors", [no_cors], &options).await,
    ];
    for refusal in refusals {
        let error = refusal.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadRequest, "{error}");
    }
    assert_eq!(fetches.get("").await.unwrap_err().kind(), ErrorKind::BadRequest);
}

#[wasm_bindgen_test]
async fn more_than_the_quota_is_refused_at_once() {
    let options = Options::new().download_total(u64::MAX);
    let refused = fetches().await.fetch("huge", [README.0], &options).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::QuotaExceeded);
}

#[wasm_bindgen_test]
async fn a_fetch_succeeds_and_its_worker_reads_the_records() {
    let reports = Reports::new();
    let fetches = fetches().await;
    let total = (README.1.len() + WORKER.1.len()) as u64;
    let icon = Icon::new("/no-such-icon.png").sizes("192x192").media_type("image/png");
    let options = Options::new().title("Two files").icon(icon).download_total(total);
    let requests = [RequestInfo::from(README.0), RequestInfo::from(Request::new_with_str(WORKER.0).unwrap())];

    let registration = fetches.fetch("two-files", requests, &options).await.unwrap();
    let (told, _listener) = follow(&registration);
    assert_eq!(registration.id(), "two-files");
    assert_eq!(registration.download_total(), total);
    assert_eq!((registration.upload_total(), registration.uploaded()), (0, 0));

    let last = ended(&told).await;
    assert_eq!(last.result, FetchResult::Success);
    assert_eq!(last.failure_reason, FailureReason::None);
    assert_eq!((last.downloaded, last.download_total), (total, total));
    assert_eq!(registration.progress(), last);
    assert!(told.borrow().is_sorted_by_key(|progress| progress.downloaded));

    let expected = [
        "kind Success".to_owned(),
        "result Success".to_owned(),
        "reason None".to_owned(),
        "active []".to_owned(),
        line_of(README),
        line_of(WORKER),
        "ui Ok(())".to_owned(),
        "ui again Err(InvalidState)".to_owned(),
        "further Ok(())".to_owned(),
    ];
    assert_eq!(sorted(reports.of("two-files").await), sorted(expected.to_vec()));

    // The handler is done, so the records go.
    while registration.records_available() {
        next_turn().await;
    }
    assert_eq!(registration.match_all().await.unwrap_err().kind(), ErrorKind::InvalidState);
    assert!(!registration.abort().await.unwrap());
}

#[wasm_bindgen_test]
async fn records_are_readable_while_the_fetch_runs_and_until_it_is_aborted() {
    let reports = Reports::new();
    let fetches = fetches().await;
    let options = Options::new();
    let registration = fetches.fetch("aborted", [README.0, UNREACHABLE], &options).await.unwrap();
    let (told, _listener) = follow(&registration);

    let record = registration.match_url(README.0).await.unwrap().unwrap();
    assert_eq!(record.url(), absolute(README.0));
    assert_eq!(record.request().method(), "GET");
    assert_eq!(bytes(&record.response_ready().await.unwrap()).await, README.1);
    while registration.downloaded() < README.1.len() as u64 {
        next_turn().await;
    }
    assert_eq!(registration.result(), FetchResult::Pending);
    assert!(registration.records_available());
    assert!(registration.match_url(WORKER.0).await.unwrap().is_none());

    assert_eq!(fetches.get_ids().await.unwrap(), ["aborted"]);
    assert_eq!(fetches.get("aborted").await.unwrap().unwrap().id(), "aborted");
    let twice = fetches.fetch("aborted", [README.0], &options).await;
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::DuplicateId);

    let records = registration.match_all().await.unwrap();
    let urls = records.iter().map(Record::url).collect();
    assert_eq!(sorted(urls), sorted(vec![absolute(README.0), UNREACHABLE.to_owned()]));

    let before = told.borrow().len();
    assert!(before > 0, "the listener was told of what was downloaded");
    assert!(registration.abort().await.unwrap());
    let last = ended(&told).await;
    assert_eq!(last.result, FetchResult::Failure);
    assert_eq!(last.failure_reason, FailureReason::Aborted);

    let expected = [
        "kind Abort".to_owned(),
        "result Failure".to_owned(),
        "reason Aborted".to_owned(),
        "active []".to_owned(),
        line_of(README),
        format!("record {UNREACHABLE} Aborted"),
        "no ui".to_owned(),
        "further Ok(())".to_owned(),
    ];
    assert_eq!(sorted(reports.of("aborted").await), sorted(expected.to_vec()));
}

#[wasm_bindgen_test]
async fn a_dropped_listener_hears_no_more() {
    // A listener that was left behind without its closure would throw.
    let uncaught = Rc::new(Cell::new(0));
    let counter = Rc::clone(&uncaught);
    let on_error = Closure::<dyn Fn()>::new(move || counter.set(counter.get() + 1));
    let window = web_sys::window().unwrap();
    window.add_event_listener_with_callback("error", on_error.as_ref().unchecked_ref()).unwrap();

    let reports = Reports::new();
    let registration =
        fetches().await.fetch("dropped", [README.0, UNREACHABLE], &Options::new()).await.unwrap();
    let (told, _listener) = follow(&registration);
    let (told_before_the_drop, dropped) = follow(&registration);
    // One that drops itself while it is called.
    let calls = Rc::new(Cell::new(0));
    let slot: Rc<RefCell<Option<ProgressListener>>> = Rc::default();
    let (count, own) = (Rc::clone(&calls), Rc::clone(&slot));
    let once = registration.on_progress(move |_| {
        count.set(count.get() + 1);
        drop(own.take());
    });
    slot.replace(Some(once));

    while told.borrow().is_empty() {
        next_turn().await;
    }
    drop(dropped);
    let heard = told_before_the_drop.borrow().len();
    assert!(heard > 0);
    assert!(registration.abort().await.unwrap());
    ended(&told).await;
    assert_eq!(told_before_the_drop.borrow().len(), heard);
    assert_eq!(calls.get(), 1);
    reports.of("dropped").await;
    assert_eq!(uncaught.get(), 0);
    window.remove_event_listener_with_callback("error", on_error.as_ref().unchecked_ref()).unwrap();
}

#[wasm_bindgen_test]
async fn a_bad_status_fails_the_fetch_but_not_the_other_records() {
    let reports = Reports::new();
    let requests = ["/no-such-file", README.0];
    let registration = fetches().await.fetch("bad-status", requests, &Options::new()).await.unwrap();
    let (told, _listener) = follow(&registration);

    let last = ended(&told).await;
    assert_eq!(last.result, FetchResult::Failure);
    assert_eq!(last.failure_reason, FailureReason::BadStatus);
    let expected = [
        "kind Fail".to_owned(),
        "result Failure".to_owned(),
        "reason BadStatus".to_owned(),
        "active []".to_owned(),
        format!("record {} 404 0", absolute("/no-such-file")),
        line_of(README),
        "ui Ok(())".to_owned(),
        "ui again Err(InvalidState)".to_owned(),
        "further Ok(())".to_owned(),
    ];
    assert_eq!(sorted(reports.of("bad-status").await), sorted(expected.to_vec()));
}

#[wasm_bindgen_test]
async fn more_bytes_than_announced_fail_the_fetch() {
    let reports = Reports::new();
    let options = Options::new().download_total(1);
    let registration = fetches().await.fetch("too-long", [README.0], &options).await.unwrap();
    let (told, _listener) = follow(&registration);
    assert_eq!(ended(&told).await.failure_reason, FailureReason::DownloadTotalExceeded);
    assert_eq!(reports.of("too-long").await[0], "kind Fail");
}

#[wasm_bindgen_test]
async fn the_browser_limits_the_active_fetches() {
    let reports = Reports::new();
    let fetches = fetches().await;
    let mut active = Vec::new();
    let refusal = loop {
        let id = format!("active-{}", active.len());
        match fetches.fetch(&id, [UNREACHABLE], &Options::new()).await {
            Ok(registration) => active.push(registration),
            Err(error) => break error,
        }
    };
    assert_eq!(refusal.kind(), ErrorKind::TooManyActive, "{refusal}");
    assert_eq!(
        sorted(fetches.get_ids().await.unwrap()),
        active.iter().map(Registration::id).collect::<Vec<_>>()
    );
    for registration in active {
        assert!(registration.abort().await.unwrap());
        assert_eq!(reports.of(&registration.id()).await[0], "kind Abort");
    }
}

#[wasm_bindgen_test]
async fn a_click_reaches_its_handler_and_no_exception_is_swallowed() {
    let reports = Reports::new();
    let fetches = fetches().await;
    fetches.fetch("click", [README.0], &Options::new()).await.unwrap();
    assert_eq!(reports.of("clicked").await, ["click"]);
    let uncaught = reports.of("uncaught").await.concat();
    assert!(uncaught.contains("waitUntil"), "{uncaught}");
}
