//! The rows of docs/FAULTS.md in virtual time, with each engine to which they apply.
//!
//! An end-to-end test for each row shows that the browser behaves as the simulator does.

#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

mod simulator;

use std::rc::Rc;

use downloader::ports::{Lifecycle, OpenError};
use protocol::Manifest;
use protocol::download::{Button, Cause, Choice, Stage, StartRefusal, State};
use simulator::{Silence, Tab, Trouble, World};

const MIB: u64 = 1 << 20;

/// Two large pieces, one of a few MiB, and two that are too small for Background Fetch.
const FILES: [(u64, u32); 5] = [(1, 20_000), (2, 32 << 20), (3, 32 << 20), (4, 7 << 20), (5, 300)];

/// What a fault may cost a page that can act, in bytes: see docs/FAULTS.md.
const PAGE_ACTS: u64 = 64 << 10;

/// What it may cost a page that is ended without warning.
const PAGE_ENDED: u64 = 4 * MIB;

/// What it may cost Background Fetch.
const TWO_PIECES: u64 = 64 * MIB;

/// With so many orders of events each; without optimization that takes ten times as long.
const SEEDS: u64 = if cfg!(debug_assertions) { 100 } else { 1_500 };

struct Row {
    world: World,
    manifest: Manifest,
    background: bool,
    clicks: u32,
}

impl Row {
    fn new(background: bool) -> Self {
        let world = World::new(if background { 2 } else { 1 }, background);
        // 16 Mbit/s, in small portions, so that waste can be measured.
        world.server().set_speed(2_000);
        world.server().set_chunk(16 << 10);
        let manifest = world.server().publish(&"owner/name".parse().unwrap(), &FILES);
        Self { world, manifest, background, clicks: 0 }
    }

    fn total(&self) -> u64 {
        self.manifest.pieces().iter().map(|piece| piece.size).sum()
    }

    fn open(&self) -> Rc<Tab> {
        let tab = self.world.open(&self.manifest);
        assert!(self.world.run_until(60_000, || tab.state() != State::Unknown));
        tab
    }

    fn click(&mut self, tab: &Tab, button: Button) {
        assert!(tab.buttons().contains(&button), "{button:?} is not offered: {:?}", tab.state());
        self.clicks += 1;
        tab.press(button);
    }

    /// Opens a tab and presses Download.
    fn begin(&mut self) -> Rc<Tab> {
        let tab = self.open();
        tab.press(Button::Download);
        tab
    }

    /// Opens a tab, presses Download, and waits until so many percent are there.
    fn begun(&mut self, percent: u64) -> Rc<Tab> {
        let tab = self.begin();
        self.past(&tab, percent);
        tab
    }

    fn past(&self, tab: &Tab, percent: u64) {
        let shown = || tab.handle().with(protocol::download::Download::shown);
        let is_past = self.world.run_until(600_000, || shown() * 100 >= self.total() * percent);
        assert!(is_past, "{} bytes of {}: {:?}", shown(), self.total(), tab.state());
    }

    fn becomes(&self, tab: &Tab, time: u64, is_it: impl Fn(&State) -> bool) {
        assert!(self.world.run_until(time, || is_it(&tab.state())), "{:?}", tab.state());
    }

    fn is_interrupted(&self, tab: &Tab, cause: Cause) {
        self.becomes(tab, 300_000, |state| matches!(state, State::Interrupted(_)));
        assert_eq!(tab.state(), State::Interrupted(cause));
    }

    /// It becomes ready without a click, and no more was sent than the model and this.
    fn ends_ready(&self, tab: &Tab, waste: u64) {
        self.becomes(tab, 900_000, |state| *state == State::Ready);
        self.is_whole();
        let sent = self.world.server().sent();
        assert!(sent <= self.total() + waste, "{} bytes were sent twice", sent - self.total());
        // And all other tabs say the same.
        self.world.run(30_000);
        for tab in self.world.tabs() {
            assert_eq!(tab.state(), State::Ready);
        }
    }

    fn is_whole(&self) {
        for piece in self.manifest.pieces() {
            assert!(self.world.origin().is_readable(&piece.digest), "ready without {}", piece.digest);
        }
    }
}

/// Runs a row with both engines.
fn both(row: impl Fn(Row)) {
    for background in [true, false] {
        row(Row::new(background));
    }
}

fn background(row: impl FnOnce(Row)) {
    row(Row::new(true));
}

fn page(row: impl FnOnce(Row)) {
    row(Row::new(false));
}

#[test]
fn nothing_goes_wrong() {
    both(|mut row| {
        let tab = row.begin();
        row.ends_ready(&tab, 0);
    });
}

#[test]
fn row_1_a_connection_is_cut() {
    for cuts in [1, 10] {
        both(|mut row| {
            let tab = row.begun(20);
            for _ in 0..cuts {
                row.world.server().cut();
                row.world.run(1_500);
            }
            row.ends_ready(&tab, cuts * PAGE_ACTS);
        });
    }
}

#[test]
fn row_2_the_server_is_gone() {
    for seconds in [2, 60, 200] {
        both(|mut row| {
            let tab = row.begun(20);
            row.world.server().set(Trouble::Away);
            row.world.run(seconds * 1_000);
            row.world.server().set(Trouble::None);
            row.ends_ready(&tab, if row.background { TWO_PIECES } else { PAGE_ACTS });
        });
    }
}

#[test]
fn row_3_the_server_answers_with_an_error_that_passes() {
    for (status, wait) in [(500, 0), (503, 5_000), (429, 5_000)] {
        both(|mut row| {
            let tab = row.begun(20);
            row.world.server().set(Trouble::Status(status, wait));
            row.world.server().cut();
            row.world.run(120_000);
            row.world.server().set(Trouble::None);
            row.ends_ready(&tab, if row.background { TWO_PIECES } else { PAGE_ACTS });
        });
    }
}

#[test]
fn row_3_the_server_answers_with_an_error_that_stays() {
    for (status, cause) in [(401, Cause::Status(401)), (404, Cause::Gone)] {
        both(|mut row| {
            let tab = row.begun(20);
            row.world.server().set(Trouble::Status(status, 0));
            row.world.server().cut();
            row.is_interrupted(&tab, cause);
            row.world.server().set(Trouble::None);
            let button = tab.buttons()[0];
            assert_eq!(button, if status == 404 { Button::Renew } else { Button::Resume });
            row.click(&tab, button);
            row.ends_ready(&tab, if row.background { TWO_PIECES } else { PAGE_ACTS });
        });
    }
}

#[test]
fn row_4_no_bytes_come_and_the_connection_stays_open() {
    page(|mut row| {
        let tab = row.begun(20);
        row.world.server().set(Trouble::Stalled);
        row.world.run(31_000);
        row.world.server().set(Trouble::None);
        row.ends_ready(&tab, PAGE_ACTS);
    });
    background(|mut row| {
        let tab = row.begun(20);
        row.world.server().set(Trouble::Stalled);
        assert!(row.world.run_until(60_000, || tab.buttons().contains(&Button::TakeOver)));
        row.click(&tab, Button::TakeOver);
        row.world.server().set(Trouble::None);
        row.world.server().cut();
        row.ends_ready(&tab, TWO_PIECES);
    });
}

#[test]
fn row_5_bytes_are_wrong() {
    for trouble in [Trouble::WrongByte, Trouble::Truncated, Trouble::Page] {
        both(|mut row| {
            row.world.server().set(trouble);
            let tab = row.begin();
            row.world.run(8_000);
            row.world.server().set(Trouble::None);
            // What is wrong twice leads to a button.
            if !row
                .world
                .run_until(300_000, || tab.is_ready() || matches!(tab.state(), State::Interrupted(_)))
            {
                panic!("{:?}", tab.state());
            }
            if let State::Interrupted(_) = tab.state() {
                row.click(&tab, Button::Resume);
            }
            row.ends_ready(&tab, 2 * row.total());
        });
    }
}

#[test]
fn row_5_the_server_ignores_ranges() {
    both(|mut row| {
        row.world.server().set(Trouble::NoRanges);
        let tab = row.begun(20);
        row.world.server().cut();
        row.ends_ready(&tab, row.total());
    });
}

#[test]
fn row_6_the_model_is_replaced() {
    both(|mut row| {
        let tab = row.begun(20);
        let files = [(1, 20_000), (2, 32 << 20), (30, 32 << 20), (4, 7 << 20), (5, 300)];
        row.manifest = row.world.server().publish(row.manifest.model(), &files);
        row.world.server().forget_old_pieces();
        row.world.server().cut();
        row.is_interrupted(&tab, Cause::Gone);
        row.click(&tab, Button::Renew);
        // The new page begins by itself.
        row.ends_ready(&tab, TWO_PIECES);
    });
}

#[test]
fn row_7_the_tab_is_closed_and_opened_again() {
    both(|mut row| {
        let tab = row.begun(30);
        row.world.close(&tab);
        row.world.run(5_000);
        let tab = row.open();
        row.ends_ready(&tab, PAGE_ACTS);
    });
}

#[test]
fn row_7_the_page_is_reloaded_three_times() {
    both(|mut row| {
        let tab = row.begun(20);
        for percent in [35, 50, 65] {
            row.world.leave(&tab);
            row.world.show(&tab, &row.manifest);
            row.past(&tab, percent);
        }
        row.ends_ready(&tab, 3 * PAGE_ACTS);
    });
}

#[test]
fn row_7_progress_does_not_go_back_with_a_reload() {
    both(|mut row| {
        let tab = row.begun(40);
        let shown = || tab.handle().with(protocol::download::Download::shown);
        let before = shown();
        row.world.leave(&tab);
        row.world.show(&tab, &row.manifest);
        row.becomes(&tab, 60_000, |state| matches!(state, State::Fetching(_)));
        // Parts are read in a moment, in which hardly anything comes.
        row.world.run_until(500, || shown() >= before);
        assert!(shown() >= before, "{} after {before}", shown());
        row.ends_ready(&tab, PAGE_ACTS);
    });
}

#[test]
fn row_7_all_tabs_are_closed() {
    background(|mut row| {
        let tab = row.begun(20);
        row.world.close(&tab);
        row.world.run(120_000);
        row.is_whole();
        let tab = row.open();
        row.ends_ready(&tab, 0);
    });
}

#[test]
fn row_7_the_tab_is_killed() {
    both(|mut row| {
        let tab = row.begun(30);
        row.world.kill(&tab);
        let tab = row.open();
        row.ends_ready(&tab, if row.background { 0 } else { PAGE_ENDED });
    });
}

#[test]
fn row_8_the_browser_is_closed_or_killed() {
    for closed in [true, false] {
        both(|mut row| {
            let tab = row.begun(30);
            drop(tab);
            row.world.restart(closed);
            row.world.run(1_000);
            let tab = row.open();
            row.ends_ready(&tab, if row.background { TWO_PIECES } else { PAGE_ENDED });
        });
    }
}

#[test]
fn row_9_the_worker_is_stopped() {
    // In the middle of the download, and at every moment of its work at the end.
    background(|mut row| {
        let tab = row.begun(30);
        row.world.kill_worker();
        row.ends_ready(&tab, 0);
    });
    for moment in 0..40 {
        background(|mut row| {
            row.world.0.disk_delay.set(100);
            let tab = row.begin();
            row.past(&tab, 30);
            row.world.close(&tab);
            // The end of the fetch, then some of the worker's work.
            assert!(row.world.run_until(300_000, || row.world.fetches().is_empty()));
            row.world.run(moment * 25);
            row.world.kill_worker();
            let tab = row.open();
            // Nobody waits for a click: the intent is stored.
            row.ends_ready(&tab, row.total());
        });
    }
}

#[test]
fn row_10_two_tabs_click_download_at_once() {
    both(|row| {
        let (one, other) = (row.open(), row.open());
        one.press(Button::Download);
        other.press(Button::Download);
        row.ends_ready(&one, 0);
        row.ends_ready(&other, 0);
        assert!(row.world.0.starts.get() <= 1, "two background fetches");
    });
}

#[test]
fn row_10_the_other_tab_cancels() {
    both(|mut row| {
        let (one, other) = (row.begun(20), row.open());
        assert!(
            row.world.run_until(60_000, || other.buttons().contains(&Button::Cancel)),
            "{:?}",
            other.state()
        );
        other.press(Button::Cancel);
        row.is_interrupted(&one, Cause::Cancelled);
        row.becomes(&other, 60_000, |state| *state == State::Interrupted(Cause::Cancelled));
        row.click(&one, Button::Resume);
        row.ends_ready(&other, if row.background { TWO_PIECES } else { PAGE_ACTS });
    });
}

#[test]
fn row_10_the_browser_is_told_to_stop() {
    background(|mut row| {
        let tab = row.begun(20);
        row.world.fetches().iter().for_each(|fetch| fetch.cancel());
        row.is_interrupted(&tab, Cause::Cancelled);
        // Nor does a page that is opened later begin it by itself.
        let later = row.open();
        row.world.run(60_000);
        assert_eq!(later.state(), State::Interrupted(Cause::Cancelled));
        row.click(&later, Button::Resume);
        row.ends_ready(&tab, TWO_PIECES);
    });
}

/// Whichever of them the intent names at that moment.
#[test]
fn row_10_the_browser_is_told_to_stop_while_two_tabs_begin() {
    for seed in 0..SEEDS {
        background(|mut row| {
            row.world.executor().seed(seed);
            let (one, other) = (row.open(), row.open());
            row.click(&one, Button::Download);
            row.world.run(row.world.executor().below(60));
            other.press(Button::Download);
            assert!(row.world.run_until(60_000, || !row.world.fetches().is_empty()));
            row.world.run(row.world.executor().below(300));
            row.world.fetches().iter().for_each(|fetch| fetch.cancel());
            row.world.run(120_000);
            for tab in [&one, &other] {
                assert_eq!(tab.state(), State::Interrupted(Cause::Cancelled), "with seed {seed}");
            }
        });
    }
}

#[test]
fn row_10_a_tab_that_downloads_itself_beside_one_with_background_fetch() {
    background(|row| {
        let one = row.open();
        one.handle().choose(Choice::Page);
        one.press(Button::Download);
        row.past(&one, 20);
        let other = row.open();
        row.world.run(2_000);
        row.world.close(&one);
        row.ends_ready(&other, MIB);
        assert_eq!(row.world.0.starts.get(), 0, "the browser would fetch everything a second time");
    });
}

/// At full speed, a piece has its reservation before it is asked for.
#[test]
fn row_10_what_a_paused_tab_has_reserved_is_free_for_the_next_one() {
    for moment in 0..40 {
        page(|mut row| {
            row.world.server().set_speed(200_000);
            row.world.server().set_chunk(4 << 20);
            row.world.0.disk_delay.set(50);
            let files: Vec<_> = (100..120).map(|content| (content, 16 << 20)).collect();
            row.manifest = row.world.server().publish(row.manifest.model(), &files);
            let tab = row.begun(20);
            row.world.run(moment * 5);
            row.click(&tab, Button::Pause);
            row.is_interrupted(&tab, Cause::Paused);
            let other = row.open();
            row.click(&other, Button::Resume);
            row.ends_ready(&other, TWO_PIECES);
        });
    }
}

#[test]
fn row_11_the_worker_cannot_be_had() {
    both(|mut row| {
        row.world.0.open_error.set(Some(OpenError::Failed(Cause::Network)));
        let tab = row.open();
        assert_eq!(tab.state(), State::Interrupted(Cause::Network));
        row.world.0.open_error.set(None);
        // One click opens the device and begins.
        row.click(&tab, Button::Resume);
        row.ends_ready(&tab, 0);
    });
}

#[test]
fn row_11_the_start_is_refused() {
    for refusal in
        [StartRefusal::NotAllowed, StartRefusal::TooMany, StartRefusal::NoRoom, StartRefusal::Failed]
    {
        background(|mut row| {
            row.world.0.start_refusal.set(Some(refusal));
            let tab = row.begin();
            row.ends_ready(&tab, 0);
        });
    }
}

#[test]
fn row_11_the_start_is_refused_without_a_click() {
    background(|mut row| {
        let tab = row.begun(20);
        drop(tab);
        row.world.restart(true);
        row.world.run(20_000);
        row.world.0.start_refusal.set(Some(StartRefusal::NotAllowed));
        let tab = row.open();
        row.is_interrupted(&tab, Cause::NeedsClick);
        row.world.0.start_refusal.set(None);
        row.click(&tab, Button::Resume);
        row.ends_ready(&tab, TWO_PIECES);
    });
}

#[test]
fn row_11_the_user_does_not_answer_the_browser() {
    background(|mut row| {
        row.world.0.asks_user.set(true);
        let tab = row.begin();
        row.becomes(&tab, 30_000, |state| {
            state.fetching().is_some_and(|fetching| fetching.fallback_reason.is_some())
        });
        row.ends_ready(&tab, 0);
        // An answer that comes late starts nothing.
        row.world.0.asks_user.set(false);
        row.world.run(60_000);
        assert!(row.world.fetches().is_empty());
    });
}

#[test]
fn row_11_the_browser_pauses() {
    background(|mut row| {
        let tab = row.begun(20);
        row.world.fetches().iter().for_each(|fetch| fetch.paused.set(true));
        assert!(row.world.run_until(60_000, || tab.buttons().contains(&Button::TakeOver)));
        row.click(&tab, Button::TakeOver);
        row.ends_ready(&tab, TWO_PIECES);
    });
}

#[test]
fn row_12_the_device_is_offline() {
    both(|mut row| {
        row.world.server().set(Trouble::Offline);
        let tab = row.begin();
        row.world.run(20_000);
        assert!(matches!(tab.state(), State::Preparing(_)), "{:?}", tab.state());
        row.world.server().set(Trouble::None);
        row.world.lifecycle(&tab, Lifecycle::Online);
        row.past(&tab, 30);
        row.world.server().set(Trouble::Offline);
        row.world.run(90_000);
        row.world.server().set(Trouble::None);
        row.world.lifecycle(&tab, Lifecycle::Online);
        row.ends_ready(&tab, if row.background { TWO_PIECES } else { PAGE_ACTS });
    });
}

#[test]
fn row_13_there_is_no_room() {
    // At the start, in the middle, and for the last piece.
    for (room, says_so) in [(10, true), (10, false), (40, false), (71, false)] {
        both(|mut row| {
            row.world.0.quota.set(Some(room * MIB));
            row.world.0.says_room.set(says_so);
            let tab = row.begin();
            row.is_interrupted(&tab, Cause::NoRoom);
            row.world.0.quota.set(None);
            row.click(&tab, Button::Resume);
            row.ends_ready(&tab, TWO_PIECES);
        });
    }
}

/// Background Fetch needs room for three copies.
#[test]
fn row_13_there_is_room_for_one_copy_only() {
    background(|mut row| {
        // And for the parts of the pieces in progress.
        row.world.0.quota.set(Some(140 * MIB));
        row.world.0.says_room.set(true);
        let tab = row.begun(20);
        row.ends_ready(&tab, 0);
        assert_eq!(row.world.0.starts.get(), 0, "the browser would find no room");
    });
}

#[test]
fn row_14_pieces_are_evicted() {
    both(|mut row| {
        let tab = row.begin();
        row.ends_ready(&tab, 0);
        let piece = row.manifest.pieces().into_iter().max_by_key(|piece| piece.size).unwrap();
        row.world.origin().evict(&piece.digest);
        row.becomes(&tab, 16_000, |state| *state == State::Interrupted(Cause::Evicted));
        row.click(&tab, Button::Resume);
        row.ends_ready(&tab, piece.size);
    });
}

#[test]
fn row_14_everything_is_cleared() {
    for percent in [0, 20, 60, 99] {
        both(|mut row| {
            let tab = row.begun(percent);
            row.world.origin().clear();
            // Cleared before anything was stored, it continues by itself.
            row.becomes(&tab, 300_000, |state| {
                matches!(state, State::Absent | State::Interrupted(_) | State::Ready)
            });
            if !tab.is_ready() {
                row.click(&tab, tab.buttons()[0]);
            }
            row.ends_ready(&tab, 2 * row.total());
        });
    }
}

#[test]
fn row_14_the_caches_answer_the_page_nothing_any_more() {
    for whom in [Silence::Page, Silence::Origin] {
        for percent in [0, 30] {
            both(|mut row| {
                let tab = row.begun(percent);
                row.world.silence(&tab, whom);
                row.is_interrupted(&tab, Cause::Storage);
                // The button loads the page again, which continues by itself.
                let before = row.world.is_tab_silent(&tab);
                row.click(&tab, Button::Resume);
                let loaded = row.world.run_until(60_000, || !row.world.is_tab_silent(&tab));
                assert!(before && loaded, "the page is the same");
                // The browser's fetch may have ended while the worker was not answered either.
                let all = row.background && whom == Silence::Origin;
                row.ends_ready(&tab, if all { row.total() } else { TWO_PIECES });
            });
        }
    }
}

/// The memory of a piece is with the worker that looks at its file, and never comes back.
#[test]
fn row_14_the_files_answer_the_page_nothing_any_more() {
    page(|mut row| {
        let tab = row.begun(10);
        row.world.origin().silence_files();
        row.ends_ready(&tab, row.total());
    });
}

#[test]
fn row_14_caches_that_answer_after_a_while_are_waited_for() {
    both(|row| {
        let tab = row.open();
        row.world.silence(&tab, Silence::Page);
        tab.press(Button::Download);
        row.world.run(45_000);
        row.world.answer(&tab);
        row.ends_ready(&tab, 0);
    });
}

#[test]
fn row_15_navigation_does_not_pause_what_was_not_cut() {
    both(|mut row| {
        let tab = row.begin();
        for _ in 0..100 {
            row.world.navigate();
            row.world.run(5_000);
            assert!(!tab.buttons().contains(&Button::TakeOver));
        }
        row.ends_ready(&tab, 0);
    });
}

#[test]
fn row_15_navigation_after_a_piece_was_resumed() {
    // It goes on 30 s after the last one.
    both(|mut row| {
        let tab = row.begun(30);
        row.world.server().cut();
        row.world.navigate();
        row.ends_ready(&tab, PAGE_ACTS);
    });
    // As long as there are more, there is a button.
    background(|mut row| {
        let tab = row.begun(30);
        row.world.server().cut();
        row.world.run(1_000);
        for _ in 0..12 {
            row.world.navigate();
            row.world.run(5_000);
        }
        row.click(&tab, Button::TakeOver);
        row.ends_ready(&tab, TWO_PIECES);
    });
}

#[test]
fn row_16_the_computer_sleeps() {
    both(|mut row| {
        let tab = row.begun(20);
        row.world.executor().freeze(3 * 3_600_000);
        row.world.server().cut();
        row.ends_ready(&tab, if row.background { TWO_PIECES } else { PAGE_ACTS });
    });
}

#[test]
fn row_17_messages_are_of_another_version() {
    both(|mut row| {
        row.world.0.other_version.set(true);
        let (one, other) = (row.begun(20), row.open());
        row.ends_ready(&one, PAGE_ACTS);
        row.becomes(&other, 60_000, |state| *state == State::Ready);
    });
}

/// The browser does not say whether a background fetch runs: a second one would bring everything twice.
#[test]
fn a_question_without_an_answer_starts_no_second_background_fetch() {
    background(|mut row| {
        let tab = row.begun(20);
        row.world.0.fetches_unknown.set(true);
        let other = row.open();
        assert_eq!(other.state(), State::Interrupted(Cause::Browser));
        row.world.run(20_000);
        assert_eq!(row.world.0.starts.get(), 1);
        row.world.0.fetches_unknown.set(false);
        row.click(&other, Button::Resume);
        row.ends_ready(&tab, 0);
    });
}

/// A part in a cache: the file of its piece alone is not whole.
#[test]
fn what_was_handed_over_is_found_although_its_file_is_not_whole() {
    page(|mut row| {
        let tab = row.begun(30);
        // Out of sight, and seen again: what had come went to the worker, and the page continues with the same pieces.
        row.world.lifecycle(&tab, Lifecycle::Hidden);
        row.world.run(500);
        row.world.lifecycle(&tab, Lifecycle::Visible);
        row.ends_ready(&tab, 0);
    });
}

#[test]
fn a_model_that_could_not_be_removed_is_ready_again() {
    both(|mut row| {
        let tab = row.begin();
        row.ends_ready(&tab, 0);
        row.world.0.storage_fails.set(true);
        row.click(&tab, Button::Delete);
        row.is_interrupted(&tab, Cause::Storage);
        row.world.0.storage_fails.set(false);
        row.ends_ready(&tab, 0);
    });
}

#[test]
fn tabs_that_begin_together_fetch_once() {
    for seed in 0..50 {
        for other in [Choice::Background, Choice::Page] {
            let mut row = Row::new(true);
            row.world.executor().seed(seed);
            let (one, two) = (row.open(), row.open());
            two.downloads().choose(other);
            row.click(&one, Button::Download);
            row.world.run(row.world.executor().below(60));
            if two.buttons().contains(&Button::Download) {
                row.click(&two, Button::Download);
            }
            // A page and a background fetch at first, until the page sees the other.
            row.ends_ready(&one, if other == Choice::Page { 4 * MIB } else { 0 });
        }
    }
}

#[test]
fn row_14_a_page_that_waits_for_the_worker_does_not_wait_for_ever() {
    background(|mut row| {
        let tab = row.begun(30);
        // The worker gets the pieces and is stopped, and the caches do not answer the page any more.
        row.world.silence(&tab, Silence::Page);
        row.world.fetches().iter().for_each(|fetch| fetch.cancel());
        row.becomes(&tab, 60_000, |state| {
            state
                .fetching()
                .and_then(|fetching| fetching.background.as_ref())
                .is_none_or(|background| matches!(background.stage, Stage::Settling { .. }))
        });
        row.world.kill_worker();
        row.becomes(&tab, 600_000, |state| matches!(state, State::Interrupted(_)));
        assert!(tab.buttons().contains(&Button::Resume));
    });
}
