//! The download's state machine: the stories it must tell, and properties of every order of events.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use protocol::download::{
    Active, Activity, Button, Cause, Choice, Download, Effect, Engine, Event, FallbackReason, PageEvent,
    PageOutcome, PageTrouble, Plan, Preparing, Quiet, Settings, Stage, StartRefusal, State, StorageQuota,
    Survey, Waiting,
};
use protocol::{
    AttemptId, Digest, DigestSet, Ending, File, Intent, IntentState, Manifest, ModelId, Refusal, Revision,
};

const SMALL: u64 = 10;

fn settings() -> Settings {
    Settings { small: SMALL, first_byte: 20_000, settle: 15_000, ..Settings::default() }
}

fn digest(n: u8) -> Digest {
    Digest::from_bytes([n; 32])
}

fn revision() -> Revision {
    Revision::from_bytes([9; 20])
}

fn model() -> ModelId {
    "owner/name".parse().unwrap()
}

/// Three big pieces (1, 2, 3) of 100, 100 and 50 bytes, and a small one (4) of 5.
fn manifest() -> Manifest {
    let file = |path: &str, size, pieces: &[u8]| File {
        path: path.parse().unwrap(),
        size,
        sha256: digest(200),
        pieces: pieces.iter().map(|n| digest(*n)).collect(),
    };
    let files = vec![file("config", 5, &[4]), file("weights", 250, &[1, 2, 3])];
    Manifest::new(model(), revision(), 100, files).unwrap()
}

fn plan(kept: &[u8]) -> Plan {
    Plan::new(&manifest(), &kept.iter().map(|n| digest(*n)).collect())
}

fn attempt(nonce: u64) -> AttemptId {
    AttemptId { model: model(), revision: revision(), nonce }
}

fn intent(state: IntentState) -> Option<Intent> {
    Some(Intent { revision: revision(), state, nonce: None })
}

fn found(kept: &[u8], state: IntentState) -> Survey {
    Survey { plan: Some(plan(kept)), intent: intent(state), ..Survey::default() }
}

fn surveyed(survey: Survey) -> Event {
    Event::Surveyed { epoch: u64::MAX, survey }
}

/// A download whose device is open and was not looked at yet.
fn fresh(engine: Engine) -> Download {
    let mut download = Download::new(model(), revision(), settings());
    assert_eq!(download.handle(0, Event::Opened(engine)), [Effect::LookAtQuota]);
    assert_eq!(
        download.handle(0, Event::StorageQuota(StorageQuota::default())),
        [Effect::Survey { epoch: 0 }]
    );
    download
}

/// What the run of the page engine that the download waits for reports.
fn page(download: &mut Download, now: u64, event: PageEvent) -> Vec<Effect> {
    let run = run(download);
    download.handle(now, Event::Page { run, event })
}

fn run(download: &Download) -> u64 {
    download.state().fetching().and_then(|fetching| fetching.page.as_ref()).map_or(0, |page| page.run)
}

fn opened(engine: Engine, survey: Survey) -> (Download, Vec<Effect>) {
    let mut download = fresh(engine);
    let effects = download.handle(0, surveyed(survey));
    (download, effects)
}

/// A download that was clicked at time 1,000 with nothing kept.
fn clicked(engine: Engine) -> (Download, Vec<Effect>) {
    let (mut download, _) = opened(engine, Survey::default());
    assert_eq!(*download.state(), State::Absent);
    assert_eq!(download.handle(999, Event::Clicked(Button::Download)), PREPARE);
    let effects = download.handle(1_000, Event::Prepared(found(&[], IntentState::Active)));
    (download, effects)
}

/// What a click on Download or Resume does.
const PREPARE: [Effect; 3] = [Effect::Prepare, Effect::AskToPersist, Effect::LookAtQuota];

fn asked(effects: &[Effect]) -> (Vec<Digest>, Vec<Digest>) {
    let mut background = Vec::new();
    let mut page = Vec::new();
    for effect in effects {
        match effect {
            Effect::StartBackground { pieces, .. } => background.extend(pieces.iter().map(|p| p.digest)),
            Effect::StartPage { pieces, .. } => page.extend(pieces.iter().map(|p| p.digest)),
            _ => {}
        }
    }
    (background, page)
}

fn stage(download: &Download) -> Option<Stage> {
    Some(download.state().fetching()?.background.as_ref()?.stage)
}

#[test]
fn a_click_asks_the_browser_for_the_large_pieces_and_the_page_for_the_small_ones() {
    let (mut download, effects) = clicked(Engine::Background);
    assert_eq!(asked(&effects), (vec![digest(1), digest(2), digest(3)], vec![digest(4)]));
    let stored = Intent { revision: revision(), state: IntentState::Active, nonce: Some(1_000) };
    assert_eq!(effects[0], Effect::WriteIntent(stored), "the intent is stored before the fetch is started");

    download.handle(1_100, Event::Started(attempt(1_000)));
    download.handle(1_200, Event::Admitted(digest(4)));
    page(&mut download, 1_200, PageEvent::Finished(PageOutcome::Done));
    download.handle(1_300, Event::Progress { attempt: attempt(1_000), downloaded: 120 });
    assert_eq!(download.shown(), 125);
    // The page admits a finished piece: its bytes are not counted twice.
    download.handle(1_400, Event::Admitted(digest(1)));
    assert_eq!(download.shown(), 125);
    for n in [2, 3] {
        assert_ne!(*download.state(), State::Ready);
        download.handle(1_500, Event::Admitted(digest(n)));
    }
    download.handle(1_600, surveyed(found(&[1, 2, 3, 4], IntentState::Active)));
    assert_eq!(*download.state(), State::Ready);
    assert_eq!(download.buttons(), [Button::Delete]);
}

#[test]
fn a_click_on_a_model_that_is_there_fetches_nothing() {
    let (mut download, _) = opened(Engine::Background, Survey::default());
    download.handle(1, Event::Clicked(Button::Download));
    let effects = download.handle(2, Event::Prepared(found(&[1, 2, 3, 4], IntentState::Active)));
    assert_eq!(effects, [Effect::Completed]);
    assert_eq!(*download.state(), State::Ready);
    assert_eq!(download.handle(3, Event::Clicked(Button::Download)), []);
}

#[test]
fn success_with_empty_bodies_is_not_ready() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    download.handle(1_200, Event::Admitted(digest(4)));
    page(&mut download, 1_200, PageEvent::Finished(PageOutcome::Done));
    download.handle(2_000, Event::Ended { attempt: attempt(1_000), ending: Ending::Success });
    assert!(matches!(stage(&download), Some(Stage::Settling { .. })));
    download.handle(2_100, Event::Refused { digest: digest(1), refusal: Refusal::Empty });
    let finished = Event::WorkerFinished { attempt: attempt(1_000), ending: Ending::Success };
    assert!(matches!(download.handle(2_200, finished)[..], [Effect::Survey { .. }]));
    let effects = download.handle(2_300, surveyed(found(&[2, 3, 4], IntentState::Active)));
    assert_eq!(download.shown(), 155);
    assert_eq!(asked(&effects), (vec![], vec![digest(1)]), "the page fetches what the browser did not bring");
    let fetching = download.state().fetching().unwrap();
    assert_eq!((fetching.engine, fetching.fallback_reason), (Engine::Page, Some(FallbackReason::GaveUp)));
}

#[test]
fn wrong_bytes_are_reported_and_only_they_are_asked_for_again() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    page(&mut download, 1_200, PageEvent::Finished(PageOutcome::Done));
    download.handle(2_000, Event::Refused { digest: digest(2), refusal: Refusal::Mismatch });
    download.handle(2_200, Event::WorkerFinished { attempt: attempt(1_000), ending: Ending::Success });
    let effects = download.handle(2_300, surveyed(found(&[1, 3, 4], IntentState::Active)));
    assert_eq!(asked(&effects), (vec![], vec![digest(2)]));
    assert_eq!(download.state().fetching().unwrap().fallback_reason, Some(FallbackReason::Damaged));
    let wrong_again = PageEvent::Finished(PageOutcome::Failed(Cause::Corrupt(1)));
    page(&mut download, 2_400, wrong_again);
    assert_eq!(*download.state(), State::Interrupted(Cause::Corrupt(1)));
    assert_eq!(download.buttons(), [Button::Resume, Button::Discard]);

    download.handle(3_000, Event::Clicked(Button::Resume));
    let effects = download.handle(3_001, Event::Prepared(found(&[1, 3, 4], IntentState::Active)));
    assert_eq!(asked(&effects), (vec![digest(2)], vec![]));
}

#[test]
fn cancel_keeps_what_is_there_and_waits_for_a_click() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    let effects = download.handle(1_200, Event::Clicked(Button::Cancel));
    let stopped = Intent { revision: revision(), state: IntentState::Stopped, nonce: None };
    let abort = Effect::Abort { attempt: attempt(1_000) };
    assert_eq!(effects, [Effect::WriteIntent(stopped), Effect::StopPage { run: 1 }, abort]);
    assert!(download.buttons().is_empty());
    page(&mut download, 1_300, PageEvent::Finished(PageOutcome::Stopped));
    download.handle(1_400, Event::Admitted(digest(1)));
    download.handle(1_500, Event::WorkerFinished { attempt: attempt(1_000), ending: Ending::Aborted });
    download.handle(1_600, surveyed(found(&[1], IntentState::Stopped)));
    assert_eq!(*download.state(), State::Interrupted(Cause::Cancelled));

    let (_, effects) = opened(Engine::Background, found(&[1], IntentState::Stopped));
    assert_eq!(effects, [], "a page that is opened later does not go on by itself");
}

#[test]
fn cancel_before_the_browser_has_answered_still_aborts() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Clicked(Button::Cancel));
    let effects = download.handle(1_200, Event::Started(attempt(1_000)));
    assert_eq!(effects, [Effect::Abort { attempt: attempt(1_000) }]);
}

#[test]
fn cancel_while_preparing_starts_nothing() {
    let (mut download, _) = opened(Engine::Background, Survey::default());
    download.handle(1, Event::Clicked(Button::Download));
    download.handle(2, Event::Clicked(Button::Cancel));
    let effects = download.handle(3, Event::Prepared(found(&[], IntentState::Active)));
    let stopped = Intent { revision: revision(), state: IntentState::Stopped, nonce: None };
    assert_eq!(effects, [Effect::WriteIntent(stopped)]);
    assert_eq!(*download.state(), State::Interrupted(Cause::Cancelled));
}

#[test]
fn a_page_opened_during_a_background_fetch_joins_it_and_fetches_the_rest() {
    let active =
        Active { attempt: attempt(7), asked: [digest(2), digest(3)].into_iter().collect(), downloaded: 60 };
    let survey = Survey { activity: Activity::Running(active), ..found(&[1], IntentState::Active) };
    let (download, effects) = opened(Engine::Background, survey);
    assert_eq!(asked(&effects), (vec![], vec![digest(4)]));
    assert_eq!(download.shown(), 160);
    assert!(matches!(stage(&download), Some(Stage::Running { .. })));
}

#[test]
fn a_click_that_finds_a_background_fetch_names_it() {
    // Of another tab, whose intent the preparation of this one may have replaced.
    let (mut download, _) = opened(Engine::Background, Survey::default());
    download.handle(1, Event::Clicked(Button::Download));
    let activity =
        Activity::Running(Active { attempt: attempt(7), asked: [digest(1)].into(), downloaded: 0 });
    let survey = Survey { activity, ..found(&[2, 3, 4], IntentState::Active) };
    let effects = download.handle(2, Event::Prepared(survey));
    let named = Intent { revision: revision(), state: IntentState::Active, nonce: Some(7) };
    assert_eq!(effects, [Effect::WriteIntent(named)]);
}

#[test]
fn a_page_opened_after_the_browser_was_closed_goes_on_once_without_a_click() {
    let (mut download, effects) = opened(Engine::Background, found(&[1, 4], IntentState::Active));
    assert_eq!(asked(&effects), (vec![digest(2), digest(3)], vec![]));
    let Some(Effect::StartBackground { attempt, .. }) = effects.last().cloned() else {
        panic!("{effects:?}")
    };
    let refusal = StartRefusal::NotAllowed;
    assert_eq!(download.handle(10, Event::StartRefused { attempt, refusal }), []);
    assert_eq!(*download.state(), State::Interrupted(Cause::NeedsClick));
}

#[test]
fn a_page_that_finds_a_fetch_which_the_browser_then_fails_goes_on_once() {
    let asked_for: DigestSet = [digest(2), digest(3)].into();
    let activity = Activity::Running(Active { attempt: attempt(7), asked: asked_for, downloaded: 0 });
    let (mut download, _) =
        opened(Engine::Background, Survey { activity, ..found(&[1, 4], IntentState::Active) });
    // Closing the browser fails its fetches, some seconds after it is opened again.
    download.handle(10, Event::WorkerFinished { attempt: attempt(7), ending: Ending::FetchError });
    let effects = download.handle(20, surveyed(found(&[1, 4], IntentState::Active)));
    assert_eq!(asked(&effects).0, [digest(2), digest(3)]);
    download.handle(30, Event::Started(attempt(20)));
    download.handle(40, Event::WorkerFinished { attempt: attempt(20), ending: Ending::FetchError });
    let effects = download.handle(50, surveyed(found(&[1, 4], IntentState::Active)));
    assert_eq!(asked(&effects), (vec![], vec![digest(2), digest(3)]), "then the page itself goes on");
}

#[test]
fn a_refused_click_is_taken_over_by_the_page() {
    let (mut download, _) = clicked(Engine::Background);
    let refusal = StartRefusal::NotAllowed;
    let effects = download.handle(1_100, Event::StartRefused { attempt: attempt(1_000), refusal });
    assert_eq!(asked(&effects).1.len(), 4);
    let fetching = download.state().fetching().unwrap();
    assert_eq!((fetching.engine, fetching.fallback_reason), (Engine::Page, Some(FallbackReason::NotAllowed)));
}

#[test]
fn no_first_byte_hands_over_but_only_while_bytes_could_be_expected() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    // Offline, or another download first: patience.
    assert_eq!(download.handle(15_000, Event::Tick { waiting: Some(Waiting::Offline) }), []);
    assert_eq!(download.handle(16_000, Event::Tick { waiting: None }), []);
    assert_eq!(download.handle(35_999, Event::Tick { waiting: None }), []);
    // The browser has the last word: this page may have slept.
    assert!(matches!(download.handle(36_000, Event::Tick { waiting: None })[..], [Effect::Survey { .. }]));
    let asked_for: DigestSet = [digest(1), digest(2), digest(3)].into();
    let activity = Activity::Running(Active { attempt: attempt(1_000), asked: asked_for, downloaded: 0 });
    let effects = download.handle(36_100, surveyed(Survey { activity, ..found(&[], IntentState::Active) }));
    assert!(effects.contains(&Effect::Abort { attempt: attempt(1_000) }), "{effects:?}");
    let unnamed = Intent { revision: revision(), state: IntentState::Active, nonce: None };
    assert_eq!(effects[0], Effect::WriteIntent(unnamed), "so that the abort is not taken for the user's");
    assert_eq!(asked(&effects).1.len(), 4);
    // What the worker says of the aborted one changes nothing any more.
    download.handle(36_200, Event::WorkerFinished { attempt: attempt(1_000), ending: Ending::Aborted });
    assert!(matches!(download.state(), State::Fetching(_)));
}

#[test]
fn a_fetch_that_has_moved_is_never_taken_over() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    download.handle(1_200, Event::Progress { attempt: attempt(1_000), downloaded: 1 });
    for minute in 1..60 {
        assert_eq!(download.handle(minute * 60_000, Event::Tick { waiting: None }), []);
    }
}

#[test]
fn a_page_that_slept_asks_the_browser_before_it_takes_over() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    page(&mut download, 1_200, PageEvent::Finished(PageOutcome::Done));
    let hour = 3_600_000;
    assert!(matches!(download.handle(hour, Event::Tick { waiting: None })[..], [Effect::Survey { .. }]));
    let activity =
        Activity::Running(Active { attempt: attempt(1_000), asked: [digest(1)].into(), downloaded: 1 });
    let survey = Survey { activity, ..found(&[4], IntentState::Active) };
    assert_eq!(download.handle(hour + 1, surveyed(survey)), []);
    assert!(matches!(stage(&download), Some(Stage::Running { .. })));
}

#[test]
fn a_fetch_that_was_found_running_is_not_taken_over_whatever_the_browser_says_it_has() {
    // After a browser was killed, it reports nothing of the pieces that were on their way.
    let active = Active { attempt: attempt(7), asked: [digest(1), digest(2)].into(), downloaded: 0 };
    let survey = Survey { activity: Activity::Running(active), ..found(&[3, 4], IntentState::Active) };
    let (mut download, _) = opened(Engine::Background, survey.clone());
    for second in 1..100 {
        assert_eq!(download.handle(second * 1_000, Event::Tick { waiting: None }), []);
        assert_eq!(download.handle(second * 1_000, surveyed(survey.clone())), []);
    }
    assert_eq!(download.buttons(), [Button::TakeOver, Button::Cancel]);
}

#[test]
fn what_was_stopped_but_not_ended_is_ended_by_whoever_finds_it() {
    let active = Active { attempt: attempt(7), asked: [digest(1), digest(2)].into(), downloaded: 0 };
    let survey = Survey { activity: Activity::Running(active), ..found(&[3, 4], IntentState::Stopped) };
    let (download, effects) = opened(Engine::Background, survey.clone());
    assert_eq!(*download.state(), State::Interrupted(Cause::Cancelled));
    assert_eq!(effects, [Effect::Abort { attempt: attempt(7) }]);

    // The tab that says so asks again until it has ended.
    let (mut download, _) = clicked(Engine::Background);
    let activity =
        Activity::Running(Active { attempt: attempt(1_000), asked: [digest(1)].into(), downloaded: 0 });
    download.handle(1_200, Event::Started(attempt(1_000)));
    download.handle(1_300, Event::Clicked(Button::Cancel));
    assert!(matches!(download.handle(2_300, Event::Tick { waiting: None })[..], [Effect::Survey { .. }]));
    let effects = download.handle(2_400, surveyed(Survey { activity, ..survey }));
    assert_eq!(effects, [Effect::Abort { attempt: attempt(1_000) }]);
}

#[test]
fn a_worker_that_dies_at_the_end_is_waited_for_but_not_for_ever() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    page(&mut download, 1_100, PageEvent::Finished(PageOutcome::Done));
    download.handle(2_000, Event::Ended { attempt: attempt(1_000), ending: Ending::Success });
    assert!(matches!(download.handle(3_000, Event::Tick { waiting: None })[..], [Effect::Survey { .. }]));
    download.handle(3_001, surveyed(found(&[1], IntentState::Active)));
    assert!(matches!(stage(&download), Some(Stage::Settling { .. })));
    download.handle(10_000, Event::Admitted(digest(2)));
    download.handle(24_999, surveyed(found(&[1, 2], IntentState::Active)));
    assert!(matches!(stage(&download), Some(Stage::Settling { .. })), "it was alive 15 s ago");
    let effects = download.handle(25_000, surveyed(found(&[1, 2], IntentState::Active)));
    assert_eq!(asked(&effects), (vec![], vec![digest(3), digest(4)]));
}

#[test]
fn an_intent_that_was_stopped_in_another_tab_stops_this_one() {
    let (mut download, _) = clicked(Engine::Page);
    // A look from before the click, or from before a piece was admitted, is out of date: another one has to tell.
    let stopped = || found(&[], IntentState::Stopped);
    let effects = download.handle(1_100, Event::Surveyed { epoch: 0, survey: stopped() });
    assert!(matches!(effects[..], [Effect::Survey { .. }]), "{effects:?}");
    assert_eq!(download.handle(1_200, surveyed(stopped())), [Effect::StopPage { run: 1 }]);
    page(&mut download, 1_300, PageEvent::Finished(PageOutcome::Stopped));
    assert_eq!(*download.state(), State::Interrupted(Cause::Cancelled));
}

#[test]
fn eviction_is_noticed() {
    let (mut download, _) =
        opened(Engine::Page, Survey { intent: None, ..found(&[1, 2, 3, 4], IntentState::Active) });
    assert_eq!(*download.state(), State::Ready);
    download.handle(5, surveyed(Survey { intent: None, ..found(&[1, 4], IntentState::Active) }));
    assert_eq!(*download.state(), State::Interrupted(Cause::Evicted));
    let (_, effects) = opened(Engine::Page, Survey { intent: None, ..found(&[1, 4], IntentState::Active) });
    assert_eq!(effects, [], "gigabytes are not fetched again without being asked for");
}

#[test]
fn a_look_that_began_before_an_admission_does_not_take_it_back() {
    let (mut download, _) = clicked(Engine::Page);
    for n in [1, 2, 3] {
        download.handle(2_000, Event::Admitted(digest(n)));
    }
    download.handle(2_001, Event::Surveyed { epoch: 4, survey: found(&[1, 2], IntentState::Active) });
    assert_eq!(download.plan().unwrap().kept_bytes(), 250);
    download.handle(2_002, Event::Surveyed { epoch: 5, survey: found(&[1, 2], IntentState::Active) });
    assert_eq!(download.plan().unwrap().kept_bytes(), 200);
}

#[test]
fn a_look_that_began_before_delete_does_not_bring_the_model_back() {
    let (mut download, _) =
        opened(Engine::Page, Survey { intent: None, ..found(&[1, 2, 3, 4], IntentState::Active) });
    let [Effect::Survey { epoch }] = download.handle(1, Event::Changed)[..] else { panic!() };
    download.handle(2, Event::Clicked(Button::Delete));
    download.handle(3, Event::Removed);
    let late = Event::Surveyed { epoch, survey: found(&[1, 2, 3, 4], IntentState::Active) };
    assert!(matches!(download.handle(4, late)[..], [Effect::Survey { .. }]), "it looks again");
    assert_eq!(*download.state(), State::Absent);
}

#[test]
fn a_fetch_that_is_not_needed_any_more_is_ended() {
    let (mut download, _) = clicked(Engine::Background);
    // The browser has not answered yet when another model with the same files is complete.
    for n in [1, 2, 3, 4] {
        download.handle(1_100, Event::Admitted(digest(n)));
    }
    let effects = download.handle(1_150, surveyed(found(&[1, 2, 3, 4], IntentState::Active)));
    assert_eq!(*download.state(), State::Ready);
    let abort = Effect::Abort { attempt: attempt(1_000) };
    assert_eq!(effects, [Effect::Completed, Effect::StopPage { run: 1 }, abort.clone()]);
    assert_eq!(download.handle(1_200, Event::Started(attempt(1_000))), [abort]);
}

#[test]
fn a_fetch_that_has_all_its_bytes_ends_by_itself() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    page(&mut download, 1_200, PageEvent::Finished(PageOutcome::Done));
    download.handle(1_300, Event::Progress { attempt: attempt(1_000), downloaded: 250 });
    for n in [1, 2, 3, 4] {
        download.handle(1_400, Event::Admitted(digest(n)));
    }
    let effects = download.handle(1_500, surveyed(found(&[1, 2, 3, 4], IntentState::Active)));
    assert_eq!(effects, [Effect::Completed]);
}

#[test]
fn what_was_removed_during_the_download_is_noticed_before_it_is_called_ready() {
    let (mut download, _) = clicked(Engine::Page);
    let mut effects = Vec::new();
    for n in [1, 2, 3, 4] {
        effects = download.handle(1_100, Event::Admitted(digest(n)));
    }
    assert!(matches!(effects[..], [Effect::Survey { .. }]), "{effects:?}");
    page(&mut download, 1_200, PageEvent::Finished(PageOutcome::Done));
    assert_ne!(*download.state(), State::Ready);
    download.handle(1_300, surveyed(found(&[3, 4], IntentState::Active)));
    assert!(matches!(download.state(), State::Interrupted(_)), "{:?}", download.state());
    assert_eq!(download.buttons(), [Button::Resume, Button::Discard]);
}

#[test]
fn a_question_of_the_browser_that_nobody_answers_is_not_waited_for_for_ever() {
    let (mut download, _) = clicked(Engine::Background);
    assert_eq!(download.handle(20_999, Event::Tick { waiting: None }), []);
    let effects = download.handle(21_000, Event::Tick { waiting: None });
    assert_eq!(asked(&effects).1.len(), 4);
    let abort = Effect::Abort { attempt: attempt(1_000) };
    assert_eq!(download.handle(30_000, Event::Started(attempt(1_000))), [abort], "answered after all");
}

#[test]
fn a_start_that_another_tab_was_faster_with_is_joined() {
    let (mut download, _) = clicked(Engine::Background);
    page(&mut download, 1_050, PageEvent::Finished(PageOutcome::Done));
    let refusal = StartRefusal::Running;
    let effects = download.handle(1_100, Event::StartRefused { attempt: attempt(1_000), refusal });
    assert!(matches!(effects[..], [Effect::Survey { .. }]));
    let asked = [digest(1), digest(2), digest(3)].into();
    let activity = Activity::Running(Active { attempt: attempt(900), asked, downloaded: 10 });
    let effects = download.handle(1_200, surveyed(Survey { activity, ..found(&[4], IntentState::Active) }));
    assert!(matches!(stage(&download), Some(Stage::Running { .. })));
    let named = Intent { revision: revision(), state: IntentState::Active, nonce: Some(900) };
    assert_eq!(effects, [Effect::WriteIntent(named)], "what was written for our own start named that");
}

#[test]
fn what_would_fail_again_is_not_begun_again_by_itself() {
    let (mut download, _) = clicked(Engine::Page);
    let effects = page(&mut download, 2_000, PageEvent::Finished(PageOutcome::Failed(Cause::NoRoom)));
    let stopped = Intent { revision: revision(), state: IntentState::Stopped, nonce: None };
    assert_eq!(effects, [Effect::WriteIntent(stopped)]);
}

#[test]
fn another_revision_can_be_updated_or_deleted() {
    let (mut download, _) = opened(Engine::Background, Survey { older: true, ..Survey::default() });
    assert_eq!(*download.state(), State::Absent);
    assert_eq!(download.buttons(), [Button::Download, Button::Delete]);
    assert_eq!(download.handle(1, Event::Clicked(Button::Delete)), [Effect::Delete]);
    download.handle(2, Event::Removed);
    assert_eq!(download.buttons(), [Button::Download]);
}

#[test]
fn discard_and_delete_lead_back_to_the_beginning() {
    for (kept, button, effect) in
        [(vec![1], Button::Discard, Effect::Discard), (vec![1, 2, 3, 4], Button::Delete, Effect::Delete)]
    {
        let (mut download, _) = opened(Engine::Page, found(&kept, IntentState::Stopped));
        assert_eq!(download.handle(1, Event::Clicked(button)), [effect]);
        assert_eq!(*download.state(), State::Removing);
        download.handle(2, Event::Removed);
        assert_eq!(*download.state(), State::Absent);
        assert_eq!(download.shown(), 0);
    }
}

#[test]
fn a_click_while_offline_waits_for_the_network_and_then_goes_on() {
    let (mut download, _) = opened(Engine::Background, Survey::default());
    download.handle(1_000, Event::Clicked(Button::Download));
    download.handle(1_100, Event::PrepareFailed(Cause::Network));
    assert_eq!(download.buttons(), [Button::Cancel]);
    assert!(download.is_busy(), "ticks are wanted");
    for second in 2..600 {
        assert_eq!(download.handle(second * 1_000, Event::Tick { waiting: Some(Waiting::Offline) }), []);
    }
    assert_eq!(download.handle(600_000, Event::Tick { waiting: None }), [Effect::Prepare], "at once");
    assert_eq!(download.handle(700_000, Event::Tick { waiting: None }), [], "one try at a time");
    download.handle(700_100, Event::PrepareFailed(Cause::Status(503)));
    let stopped = Intent { revision: revision(), state: IntentState::Stopped, nonce: None };
    assert_eq!(download.handle(701_000, Event::Clicked(Button::Cancel)), [Effect::WriteIntent(stopped)]);
    assert_eq!(*download.state(), State::Absent);
}

#[test]
fn each_try_to_prepare_waits_longer_than_the_one_before() {
    let (mut download, _) = opened(Engine::Background, Survey::default());
    download.handle(0, Event::Clicked(Button::Download));
    let mut now = 0;
    for pause in [2_000, 4_000, 8_000, 16_000, 32_000, 32_000] {
        download.handle(now, Event::PrepareFailed(Cause::Status(503)));
        assert_eq!(download.handle(now + pause - 1, Event::Tick { waiting: None }), []);
        now += pause * 3 / 2;
        assert_eq!(download.handle(now, Event::Tick { waiting: None }), [Effect::Prepare]);
    }
}

#[test]
fn cancel_during_another_try_to_prepare_is_not_undone_by_it() {
    let (mut download, _) = opened(Engine::Page, Survey::default());
    download.handle(0, Event::Clicked(Button::Download));
    download.handle(1, Event::PrepareFailed(Cause::Network));
    assert_eq!(download.handle(9_000, Event::Tick { waiting: None }), [Effect::Prepare]);
    download.handle(9_001, Event::Clicked(Button::Cancel));
    assert_eq!(*download.state(), State::Preparing(Preparing::Cancelled));
    let effects = download.handle(9_002, Event::Prepared(found(&[], IntentState::Active)));
    let stopped = Intent { revision: revision(), state: IntentState::Stopped, nonce: None };
    assert_eq!(effects, [Effect::WriteIntent(stopped)], "which had stored the opposite");
}

#[test]
fn why_a_download_rests_is_said_for_as_long_as_it_rests() {
    for cause in [Cause::NoRoom, Cause::Gone, Cause::Storage, Cause::Corrupt(1), Cause::Status(401)] {
        let (mut download, _) = clicked(Engine::Page);
        page(&mut download, 2_000, PageEvent::Finished(PageOutcome::Failed(cause)));
        assert_eq!(*download.state(), State::Interrupted(cause));
        download.handle(17_000, surveyed(found(&[1], IntentState::Stopped)));
        assert_eq!(*download.state(), State::Interrupted(cause));
    }
    let (mut download, _) = clicked(Engine::Page);
    download.handle(2_000, Event::Clicked(Button::Pause));
    page(&mut download, 2_100, PageEvent::Finished(PageOutcome::Stopped));
    download.handle(17_000, surveyed(found(&[1], IntentState::Stopped)));
    assert_eq!(*download.state(), State::Interrupted(Cause::Paused));
}

#[test]
fn the_small_pieces_do_not_wait_for_what_the_person_answers_the_browser() {
    let (_, effects) = clicked(Engine::Background);
    assert!(
        matches!(effects[..], [_, Effect::StartPage { .. }, Effect::StartBackground { .. }]),
        "{effects:?}"
    );
}

#[test]
fn what_another_page_fetches_itself_is_not_asked_of_the_browser_as_well() {
    let elsewhere = Survey { page_elsewhere: true, ..found(&[1], IntentState::Active) };
    let (mut download, effects) = opened(Engine::Background, elsewhere);
    assert_eq!(asked(&effects), (vec![], vec![digest(2), digest(3), digest(4)]), "it waits for its turn");
    let unnamed = Intent { revision: revision(), state: IntentState::Active, nonce: None };
    assert_eq!(effects[0], Effect::WriteIntent(unnamed));
    assert_eq!(download.state().fetching().unwrap().fallback_reason, Some(FallbackReason::Elsewhere));
    // That it has the turn itself by now is no reason to go on like that after a click.
    download.handle(1, surveyed(Survey { page_elsewhere: true, ..found(&[1], IntentState::Active) }));
    download.handle(2, Event::Clicked(Button::Cancel));
    page(&mut download, 3, PageEvent::Finished(PageOutcome::Stopped));
    download.handle(4, Event::Clicked(Button::Resume));
    let effects = download.handle(5, Event::Prepared(found(&[1], IntentState::Active)));
    assert_eq!(asked(&effects), (vec![digest(2), digest(3)], vec![digest(4)]));
}

#[test]
fn a_fetch_that_another_page_took_over_was_not_stopped_by_the_person() {
    for reopened in [false, true] {
        let active = Active { attempt: attempt(7), asked: [digest(2), digest(3)].into(), downloaded: 60 };
        let survey = Survey { activity: Activity::Running(active), ..found(&[1, 4], IntentState::Active) };
        let (mut download, _) = opened(Engine::Background, survey);
        let now = if reopened { 1_000 } else { 100_000 };
        download.handle(now, Event::WorkerFinished { attempt: attempt(7), ending: Ending::Aborted });
        let elsewhere = Survey { page_elsewhere: true, ..found(&[1, 4], IntentState::Active) };
        let effects = download.handle(now, surveyed(elsewhere));
        assert_eq!(asked(&effects), (vec![], vec![digest(2), digest(3)]), "behind that page");
    }
    // One that the user stopped: the worker stores that in the intent.
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    page(&mut download, 1_200, PageEvent::Finished(PageOutcome::Done));
    download.handle(1_300, Event::WorkerFinished { attempt: attempt(1_000), ending: Ending::Aborted });
    download.handle(1_400, surveyed(found(&[4], IntentState::Stopped)));
    assert_eq!(*download.state(), State::Interrupted(Cause::Cancelled));
}

#[test]
fn a_start_lost_to_another_tab_is_joined_while_the_small_pieces_come() {
    let (mut download, _) = clicked(Engine::Background);
    let refusal = StartRefusal::Running;
    download.handle(1_100, Event::StartRefused { attempt: attempt(1_000), refusal });
    let active =
        Active { attempt: attempt(7), asked: [digest(1), digest(2), digest(3)].into(), downloaded: 60 };
    let survey = Survey { activity: Activity::Running(active), ..found(&[], IntentState::Active) };
    let named = Intent { revision: revision(), state: IntentState::Active, nonce: Some(7) };
    assert_eq!(download.handle(1_200, surveyed(survey)), [Effect::WriteIntent(named)]);
    assert!(matches!(stage(&download), Some(Stage::Running { .. })));
    assert_eq!(page(&mut download, 1_300, PageEvent::Finished(PageOutcome::Done)), []);
    assert!(matches!(stage(&download), Some(Stage::Running { .. })), "the other tab's");
}

#[test]
fn a_fetch_that_is_found_again_runs_on() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    download.handle(2_000, surveyed(found(&[], IntentState::Active)));
    assert!(matches!(stage(&download), Some(Stage::Settling { .. })));
    let active = Active { attempt: attempt(1_000), asked: [digest(1)].into(), downloaded: 0 };
    download.handle(
        3_000,
        surveyed(Survey { activity: Activity::Running(active), ..found(&[], IntentState::Active) }),
    );
    assert!(matches!(stage(&download), Some(Stage::Running { .. })));
}

#[test]
fn a_page_of_a_revision_that_is_not_wanted_any_more_says_so() {
    let (mut download, _) = clicked(Engine::Page);
    page(&mut download, 2_000, PageEvent::Finished(PageOutcome::Failed(Cause::Network)));
    let other = Intent { revision: Revision::from_bytes([8; 20]), state: IntentState::Active, nonce: None };
    download.handle(3_000, surveyed(Survey { intent: Some(other), ..found(&[1], IntentState::Active) }));
    assert_eq!(*download.state(), State::Interrupted(Cause::Gone));
    assert_eq!(download.buttons(), [Button::Renew, Button::Discard]);

    // One whose download was stopped says nothing of what the server has.
    let stopped = Some(Intent { state: IntentState::Stopped, ..other });
    let survey = Survey { intent: stopped, ..found(&[1, 4], IntentState::Active) };
    let (download, _) = opened(Engine::Page, survey.clone());
    assert_eq!(*download.state(), State::Interrupted(Cause::Cancelled));
    assert_eq!(download.buttons(), [Button::Resume, Button::Discard]);
    // Nor of a fetch that the browser works on for this one.
    let activity = Activity::Running(Active {
        attempt: attempt(7),
        asked: [digest(2), digest(3)].into(),
        downloaded: 0,
    });
    let (download, effects) = opened(Engine::Background, Survey { activity, ..survey });
    assert_eq!(effects, []);
    assert!(matches!(stage(&download), Some(Stage::Running { .. })));
}

#[test]
fn who_waits_for_another_download_of_the_browser_need_not() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    page(&mut download, 1_200, PageEvent::Finished(PageOutcome::Done));
    download.handle(2_000, Event::Tick { waiting: Some(Waiting::Queued) });
    assert_eq!(download.buttons(), [Button::TakeOver, Button::Cancel]);
}

#[test]
fn what_does_not_pass_is_not_waited_for() {
    let (mut download, _) = opened(Engine::Background, Survey::default());
    download.handle(1, Event::Clicked(Button::Download));
    download.handle(2, Event::PrepareFailed(Cause::Gone));
    assert_eq!(*download.state(), State::Interrupted(Cause::Gone));
    assert_eq!(download.buttons(), [Button::Renew]);
    assert_eq!(download.handle(3, Event::Clicked(Button::Renew)), [Effect::Renew]);
}

#[test]
fn an_intent_for_a_revision_whose_manifest_is_not_there_yet_is_carried_out() {
    let (_, effects) = opened(Engine::Background, Survey { plan: None, ..found(&[], IntentState::Active) });
    assert_eq!(effects, [Effect::Prepare]);
    let (download, effects) =
        opened(Engine::Background, Survey { plan: None, ..found(&[], IntentState::Stopped) });
    assert_eq!((download.state(), effects), (&State::Absent, vec![]));
}

#[test]
fn a_fetch_that_stands_still_is_told_of_and_can_be_taken_over() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    page(&mut download, 1_200, PageEvent::Finished(PageOutcome::Done));
    download.handle(2_000, Event::Progress { attempt: attempt(1_000), downloaded: 60 });
    let quiet = |download: &Download| download.background().unwrap().quiet;
    download.handle(30_000, Event::Tick { waiting: Some(Waiting::Offline) });
    assert_eq!(quiet(&download), Some(Quiet::Waiting(Waiting::Offline)));
    download.handle(31_000, Event::Tick { waiting: None });
    assert_eq!(quiet(&download), None);
    download.handle(76_000, Event::Tick { waiting: None });
    assert_eq!(quiet(&download), Some(Quiet::Paused));
    assert_eq!(download.buttons(), [Button::TakeOver, Button::Cancel]);
    download.handle(77_000, Event::Progress { attempt: attempt(1_000), downloaded: 61 });
    assert_eq!(quiet(&download), None, "it moves again");
    download.handle(130_000, Event::Tick { waiting: None });
    let effects = download.handle(131_000, Event::Clicked(Button::TakeOver));
    assert!(effects.contains(&Effect::Abort { attempt: attempt(1_000) }));
    assert_eq!(asked(&effects).1.len(), 4);
}

#[test]
fn pause_is_offered_where_the_page_downloads_and_lasts_over_a_visit() {
    let (mut download, _) = clicked(Engine::Page);
    assert_eq!(download.buttons(), [Button::Pause, Button::Cancel]);
    page(&mut download, 2_000, PageEvent::Waits(true));
    assert_eq!(download.buttons(), [Button::Cancel], "it is not this tab that downloads");
    page(&mut download, 2_100, PageEvent::Waits(false));
    let stopped = Intent { revision: revision(), state: IntentState::Stopped, nonce: None };
    let effects = download.handle(3_000, Event::Clicked(Button::Pause));
    assert_eq!(effects, [Effect::WriteIntent(stopped), Effect::StopPage { run: 1 }]);
    page(&mut download, 3_100, PageEvent::Finished(PageOutcome::Stopped));
    assert_eq!(*download.state(), State::Interrupted(Cause::Paused));
    assert_eq!(download.buttons(), [Button::Resume, Button::Discard]);
}

#[test]
fn the_engine_is_the_one_that_fits_unless_the_person_has_chosen() {
    let begun = |choice: Choice, free: Option<u64>| {
        let (mut download, _) = opened(Engine::Background, Survey::default());
        download.handle(1, Event::Chosen(choice));
        download.handle(2, Event::StorageQuota(StorageQuota { free, ..StorageQuota::default() }));
        download.handle(3, Event::Clicked(Button::Download));
        download.handle(4, Event::Prepared(found(&[], IntentState::Active)));
        let fetching = download.state().fetching().unwrap();
        (fetching.engine, fetching.fallback_reason)
    };
    // 255 bytes take 765 in the background.
    assert_eq!(begun(Choice::Automatic, None), (Engine::Background, None));
    assert_eq!(begun(Choice::Automatic, Some(765)), (Engine::Background, None));
    assert_eq!(begun(Choice::Automatic, Some(764)), (Engine::Page, Some(FallbackReason::NoRoom)));
    assert_eq!(begun(Choice::Background, Some(764)), (Engine::Background, None));
    assert_eq!(begun(Choice::Page, None), (Engine::Page, Some(FallbackReason::Chosen)));
    // Where neither fits, the browser has the last word: its figures are estimates.
    assert_eq!(begun(Choice::Automatic, Some(3)), (Engine::Background, None));
}

#[test]
fn a_tab_that_waits_shows_the_numbers_of_the_one_that_works() {
    let (mut download, _) = clicked(Engine::Page);
    download.handle(2_000, Event::ElsewhereProgress { in_flight: 50 });
    assert_eq!(download.shown(), 0, "this tab works itself");
    page(&mut download, 2_100, PageEvent::Waits(true));
    download.handle(2_200, Event::ElsewhereProgress { in_flight: 50 });
    assert_eq!(download.shown(), 50);
    // A piece that the other tab has stored is not on its way any more, though that tab says so later.
    download.handle(2_300, Event::ElsewhereProgress { in_flight: 110 });
    download.handle(2_400, Event::Admitted(digest(1)));
    assert_eq!(download.shown(), 110);
}

#[test]
fn a_browser_that_finds_no_room_is_followed_by_the_page_which_needs_less() {
    let (mut download, _) = clicked(Engine::Background);
    download.handle(1_100, Event::Started(attempt(1_000)));
    page(&mut download, 1_200, PageEvent::Finished(PageOutcome::Done));
    download.handle(2_000, Event::WorkerFinished { attempt: attempt(1_000), ending: Ending::QuotaExceeded });
    let effects = download.handle(2_100, surveyed(found(&[1, 4], IntentState::Active)));
    assert_eq!(asked(&effects), (vec![], vec![digest(2), digest(3)]));
    page(&mut download, 3_000, PageEvent::Finished(PageOutcome::Failed(Cause::NoRoom)));
    assert_eq!(*download.state(), State::Interrupted(Cause::NoRoom));
}

// ---- properties ----

fn digests() -> impl Strategy<Value = Digest> {
    // 5 is a piece of some other model.
    (1_u8..=5).prop_map(digest)
}

fn attempts() -> impl Strategy<Value = AttemptId> {
    (0_u64..3).prop_map(attempt)
}

fn endings() -> impl Strategy<Value = Ending> {
    prop::sample::select(vec![
        Ending::Success,
        Ending::Aborted,
        Ending::BadStatus,
        Ending::FetchError,
        Ending::QuotaExceeded,
        Ending::DownloadTotalExceeded,
        Ending::Unknown,
    ])
}

fn surveys() -> impl Strategy<Value = Survey> {
    let kept = prop::collection::btree_set(1_u8..=5, 0..=5);
    let state = prop::sample::select(vec![None, Some(IntentState::Active), Some(IntentState::Stopped)]);
    let active = prop::option::of((attempts(), prop::collection::btree_set(digests(), 0..4), 0_u64..400));
    let others = (any::<bool>(), any::<bool>());
    (any::<bool>(), kept, state, active, others).prop_map(
        |(stored, kept, state, active, (older, page_elsewhere))| {
            let kept: DigestSet = kept.into_iter().map(digest).collect();
            Survey {
                plan: stored.then(|| Plan::new(&manifest(), &kept)),
                older,
                readable: None,
                page_elsewhere,
                intent: state.and_then(intent),
                activity: match active {
                    None => Activity::Idle,
                    Some((_, _, 0)) => Activity::Unknown,
                    Some((attempt, asked, downloaded)) => {
                        Activity::Running(Active { attempt, asked: asked.into_iter().collect(), downloaded })
                    }
                },
            }
        },
    )
}

/// Of the run that the download waits for; see [`of_now`].
fn of_page(event: PageEvent) -> Event {
    Event::Page { run: u64::MAX, event }
}

fn of_now(download: &Download, event: Event) -> Event {
    match event {
        Event::Page { event, .. } => Event::Page { run: run(download), event },
        event => event,
    }
}

fn events() -> impl Strategy<Value = Event> {
    let buttons = prop::sample::select(vec![
        Button::Download,
        Button::Resume,
        Button::Cancel,
        Button::Discard,
        Button::Delete,
        Button::Pause,
        Button::TakeOver,
        Button::Renew,
    ]);
    let waits = prop::option::of(prop::sample::select(vec![Waiting::Offline, Waiting::Queued]));
    let refusals = prop::sample::select(vec![
        StartRefusal::NotAllowed,
        StartRefusal::TooMany,
        StartRefusal::NoRoom,
        StartRefusal::Running,
        StartRefusal::Failed,
    ]);
    let reasons = prop::sample::select(vec![
        Refusal::Mismatch,
        Refusal::Empty,
        Refusal::Status(404),
        Refusal::Status(503),
        Refusal::Unavailable,
        Refusal::NoRoom,
        Refusal::Storage,
    ]);
    let retry = PageTrouble::Retry { cause: Cause::Status(503), at: 1_000 };
    let troubles = prop::option::of(prop::sample::select(vec![PageTrouble::Offline, retry]));
    let causes = prop::sample::select(vec![Cause::Network, Cause::Gone, Cause::NoRoom, Cause::Storage]);
    let outcomes = prop::sample::select(vec![
        PageOutcome::Done,
        PageOutcome::Stopped,
        PageOutcome::Failed(Cause::Network),
        PageOutcome::Failed(Cause::Corrupt(1)),
        PageOutcome::Failed(Cause::Gone),
        PageOutcome::Failed(Cause::NoRoom),
        PageOutcome::Failed(Cause::Storage),
    ]);
    prop_oneof![
        4 => buttons.prop_map(Event::Clicked),
        3 => (0_u64..8, surveys()).prop_map(|(epoch, survey)| Event::Surveyed { epoch, survey }),
        1 => Just(Event::SurveyFailed),
        4 => surveys().prop_map(Event::Prepared),
        2 => causes.prop_map(Event::PrepareFailed),
        3 => attempts().prop_map(Event::Started),
        2 => (attempts(), refusals).prop_map(|(attempt, refusal)| Event::StartRefused { attempt, refusal }),
        3 => (attempts(), 0_u64..1_000)
            .prop_map(|(attempt, downloaded)| Event::Progress { attempt, downloaded }),
        2 => (attempts(), endings()).prop_map(|(attempt, ending)| Event::Ended { attempt, ending }),
        2 => (attempts(), endings()).prop_map(|(attempt, ending)| Event::WorkerFinished { attempt, ending }),
        6 => digests().prop_map(Event::Admitted),
        2 => (digests(), reasons).prop_map(|(digest, refusal)| Event::Refused { digest, refusal }),
        2 => (0_u64..500).prop_map(|in_flight| of_page(PageEvent::Progress { in_flight })),
        1 => any::<bool>().prop_map(|waits| of_page(PageEvent::Waits(waits))),
        1 => troubles.prop_map(|trouble| of_page(PageEvent::Trouble(trouble))),
        2 => outcomes.prop_map(|outcome| of_page(PageEvent::Finished(outcome))),
        1 => (0_u64..500).prop_map(|in_flight| Event::ElsewhereProgress { in_flight }),
        1 => prop::sample::select(vec![Choice::Automatic, Choice::Background, Choice::Page]).prop_map(Event::Chosen),
        1 => prop::option::of(0_u64..1_000)
            .prop_map(|free| Event::StorageQuota(StorageQuota { free, ..StorageQuota::default() })),
        1 => Just(Event::Changed),
        1 => Just(Event::Removed),
        1 => Just(Event::RemoveFailed),
        3 => waits.prop_map(|waiting| Event::Tick { waiting }),
    ]
}

/// `looking`: a look at the store has been asked for.
fn check(download: &Download, looking: bool) {
    let complete = download.plan().is_some_and(Plan::is_complete);
    let total = download.plan().map_or(u64::MAX, Plan::total);
    assert!(download.shown() <= total);
    match download.state() {
        State::Ready => assert!(complete, "ready although pieces are missing"),
        // Deciding states may be complete; their next event says so. And the store may have failed.
        State::Preparing(_)
        | State::Removing
        | State::Unsupported(_)
        | State::Interrupted(Cause::Storage) => {}
        // Its end leads to another look.
        State::Fetching(fetching) | State::Stopping(fetching)
            if fetching.background.is_some() || fetching.page.is_some() => {}
        State::Unknown | State::Absent | State::Fetching(_) | State::Stopping(_) | State::Interrupted(_) => {
            assert!(!complete || looking, "complete, but {:?}", download.state());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_order_of_events_ends_in_a_legal_state(
        background in any::<bool>(),
        // Time steps up to 3, so that attempts of the machine (named by the time) meet those of the events.
        steps in prop::collection::vec((prop_oneof![9 => 0_u64..=1, 1 => 0_u64..30_000], events()), 0..60),
    ) {
        let engine = if background { Engine::Background } else { Engine::Page };
        let mut download = fresh(engine);
        let mut now = 0;
        let mut begun = false;
        let mut looking = false;
        for (step, event) in steps {
            now += step;
            let event = of_now(&download, event);
            let before = download.clone();
            let effects = download.handle(now, event.clone());
            // After one that failed there is a button.
            looking &= !matches!(event, Event::Surveyed { .. });
            looking |= effects.iter().any(|effect| matches!(effect, Effect::Survey { .. }));
            check(&download, looking);

            // Progress never goes back while one attempt lasts.
            if let (State::Fetching(old), State::Fetching(new)) = (before.state(), download.state())
                && let (Some(a), Some(b)) = (&old.background, &new.background)
                && a.attempt == b.attempt
            {
                prop_assert!(new.shown >= old.shown.min(download.plan().map_or(0, Plan::total)));
            }
            // Only a click, or the opening of the page, starts a background fetch; the latter once.
            let starts = effects.iter().any(|effect| matches!(effect, Effect::StartBackground { .. }));
            if starts {
                let allowed = matches!(before.state(), State::Unknown | State::Preparing(_)) || !begun;
                prop_assert!(allowed, "{event:?} in {:?} starts a fetch", before.state());
            }
            begun |= effects.iter().any(|e| matches!(e, Effect::StartBackground { .. }));
            // A kept piece is never asked for.
            for effect in &effects {
                if let Effect::StartBackground { pieces, .. } | Effect::StartPage { pieces, .. } = effect {
                    prop_assert!(!pieces.is_empty());
                    let missing: BTreeSet<_> = download.plan().unwrap().missing().collect();
                    prop_assert!(pieces.iter().all(|piece| missing.contains(piece)));
                }
            }
        }
    }

    #[test]
    fn when_everything_has_reported_nobody_waits_for_ever(
        background in any::<bool>(),
        steps in prop::collection::vec(events(), 0..40),
        kept in prop::collection::btree_set(1_u8..=4, 0..=4),
    ) {
        let engine = if background { Engine::Background } else { Engine::Page };
        let mut download = fresh(engine);
        for event in steps {
            let event = of_now(&download, event);
            download.handle(1, event);
        }
        // From here on the world is honest: whatever was asked for answers, and nothing is under way.
        let kept: DigestSet = kept.into_iter().map(digest).collect();
        let plan = Some(Plan::new(&manifest(), &kept));
        let survey = Survey { plan, intent: intent(IntentState::Stopped), ..Survey::default() };
        let mut now = 1;
        for _ in 0..4 {
            match download.state().clone() {
                State::Preparing(_) => drop(download.handle(now, Event::PrepareFailed(Cause::Gone))),
                State::Removing => drop(download.handle(now, Event::Removed)),
                State::Fetching(fetching) | State::Stopping(fetching) => {
                    if let Some(background) = fetching.background
                        && matches!(background.stage, Stage::Asked { .. })
                    {
                        let refusal = StartRefusal::Failed;
                        download.handle(now, Event::StartRefused { attempt: background.attempt, refusal });
                    }
                    page(&mut download, now, PageEvent::Finished(PageOutcome::Stopped));
                }
                State::Unknown | State::Absent | State::Unsupported(_) | State::Interrupted(_) | State::Ready => {}
            }
            now += 20_000;
            download.handle(now, surveyed(survey.clone()));
        }
        let resting = matches!(download.state(), State::Absent | State::Interrupted(_) | State::Ready);
        prop_assert!(resting, "{:?}", download.state());
        prop_assert!(!download.buttons().is_empty());
    }
}
