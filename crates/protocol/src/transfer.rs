//! How a page fetches pieces by itself: which byte ranges to ask for next, when to wait, and when to give up.
//!
//! [`Transfer`] takes events, and [`Transfer::next`] returns what to do. It does no I/O, reads no clock
//! and rolls no dice: the time and random numbers come in. Pieces are cut into blocks that are fetched in ranges,
//! several at a time; what is held at once is bounded in bytes, not in pieces, so that many small pieces do not
//! wait for each other and a few large ones do not fill the memory.

mod answer;
mod backoff;
mod concurrency;
mod open_piece;
mod part;

pub use answer::{Answer, range_start};
pub use part::Part;

use crate::download::{Cause, Millis, PageOutcome, PageTrouble};
use crate::{Digest, Piece};

use answer::Verdict;
use backoff::Backoff;
use concurrency::Concurrency;
use open_piece::{Block, Busy, OpenPiece, Phase};

/// Pieces are held in memory while they are fetched and stored: so many bytes of them, unless one is larger.
pub const HELD: u64 = 64 << 20;

/// A request that brings no byte for so long is given up. Not how long a block may take: lines are slow.
pub const IDLE: Millis = 30_000;

/// What the line brings in so many milliseconds may be unsaved, within these bounds in bytes. A page that is killed loses
/// that much, what comes while it is being saved, and what is on its way to the page: together at most what comes in a second, or
/// the bounds of 1 and 4 MiB. A save in a cache costs 8 ms of processor time,
/// whatever its length.
const UNSAVED: u32 = 750;
const UNSAVED_AT_LEAST: u32 = 768 << 10;
const UNSAVED_AT_MOST: u32 = 3 << 20;

/// From this speed on, in bytes a millisecond, whole pieces go straight to the store: that costs half the time and memory of a
/// look at their bytes on the way. What is lost if a connection fails then is what such a line brings in a second.
const VERY_FAST: u32 = 60_000;

/// Below this speed they do not any more.
const FAST: u32 = 25_000;

/// So many pieces that will go straight to the store are opened ahead: it takes the busy store some time.
const AHEAD: usize = 4;

/// After this many pieces that cannot be had, others are not tried any more.
const HOPELESS: u32 = 3;

/// After this many requests for ranges without any answer, and none with one, whole pieces are tried: something on
/// the way may spoil ranges, for instance by compressing them.
const UNANSWERED: u32 = 8;

/// What to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// See what was saved of this piece, and answer [`Transfer::opened`] or [`Transfer::admitted`].
    Open(Piece),
    /// Send this request; answer [`Transfer::answered`], [`Transfer::received`] and [`Transfer::ended`].
    Request(Request),
    /// End the request of this number. It is forgotten already.
    Abort(u32),
    /// Verify this piece and store it; answer [`Transfer::admitted`], [`Transfer::refused`] or [`Transfer::fail`].
    Admit(Piece),
    /// What has been saved of this piece is of no use any more; nor are its memory and its place in the store, if it is
    /// not open any more.
    Forget(Digest),
    /// Save what has come of this piece: nothing more can be had now. Answer [`Transfer::put_away`].
    PutAway(Digest),
    /// Nothing to do before this time, or before something happens.
    Wait(Millis),
    /// It is over. Nothing is under way any more.
    End(PageOutcome),
}

/// A request for some bytes of a piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Request {
    /// Its number; none is used twice.
    pub id: u32,
    /// The piece.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u32,
    /// The first byte.
    pub first: u32,
    /// The last byte.
    pub last: u32,
    /// Whether that is less than the piece.
    pub ranged: bool,
    /// Whether the body goes straight to the store, all at once: then [`Transfer::received`] counts all of it.
    pub straight: bool,
}

/// The pieces that one run fetches.
#[derive(Debug)]
pub struct Transfer {
    /// The next one last; each with whether its bytes were wrong once.
    waiting: Vec<(Piece, bool)>,
    open: Vec<OpenPiece>,
    /// Requests to be ended, and pieces to be forgotten.
    chores: Vec<Step>,
    concurrency: Concurrency,
    backoff: Backoff,
    /// `false` once the server, or something on the way, has ignored a range.
    ranges: bool,
    /// Requests for ranges that ended without an answer; `None` once one was answered.
    unanswered: Option<u32>,
    requests: u32,
    corrupt: usize,
    /// Why pieces could not be had, and how many.
    lost: Option<Cause>,
    lost_pieces: u32,
    /// Whether the line is so fast that whole pieces go straight to the store.
    very_fast: bool,
    /// Whether the next piece is fetched only when the one before is stored.
    one_by_one: bool,
    ending: Option<PageOutcome>,
    trouble: Option<PageTrouble>,
}

impl Transfer {
    /// Begins with the last of these pieces.
    #[must_use]
    pub fn new(pieces: Vec<Piece>) -> Self {
        Self {
            waiting: pieces.into_iter().map(|piece| (piece, false)).collect(),
            open: Vec::new(),
            chores: Vec::new(),
            concurrency: Concurrency::default(),
            backoff: Backoff::default(),
            ranges: true,
            unanswered: Some(0),
            requests: 0,
            corrupt: 0,
            lost: None,
            lost_pieces: 0,
            very_fast: false,
            one_by_one: false,
            ending: None,
            trouble: None,
        }
    }

    /// Where there may be too little room for all: no piece is asked for before the one in front of it is stored, so
    /// that only one has come in vain when the store is full.
    #[must_use]
    pub fn one_by_one(self, one_by_one: bool) -> Self {
        Self { one_by_one, ..self }
    }

    /// What to do now; to be asked again until it says [`Step::Wait`] or [`Step::End`].
    pub fn next(&mut self, now: Millis, offline: bool, random: u32) -> Step {
        let mut active = 0;
        let mut wake = Millis::MAX;
        for open in &mut self.open {
            for block in &mut open.blocks {
                let Some(busy) = block.busy else { continue };
                let until = busy.heard + IDLE;
                if now < until && self.ending.is_none() {
                    active += 1;
                    wake = wake.min(until);
                    continue;
                }
                block.give_up();
                let digest = open.piece.digest;
                if now >= until {
                    self.backoff.fail(Cause::Network, 0);
                    self.slow_down();
                    self.not_straight(&digest);
                }
                return Step::Abort(busy.id);
            }
        }
        if let Some(chore) = self.chores.pop() {
            return chore;
        }
        if let Some(outcome) = self.ending {
            // A piece that is complete is worth the moment that its storing takes.
            let admitting = self.open.iter().any(|open| open.phase == Phase::Admitting);
            return if admitting { Step::Wait(Millis::MAX) } else { Step::End(outcome) };
        }
        if let Some(open) = self.open.iter_mut().find(|open| open.is_complete()) {
            open.phase = Phase::Admitting;
            return Step::Admit(open.piece);
        }
        self.backoff.settle(now, random);
        // After a failure one request finds out whether it is over.
        let concurrency = if self.backoff.failures() == 0 { self.concurrency.count() } else { 1 };
        if active < concurrency {
            if now < self.backoff.not_before() {
                wake = wake.min(self.backoff.not_before());
            } else if let Some(request) = self.request(now) {
                return Step::Request(request);
            } else {
                self.concurrency.starve();
            }
        }
        if let Some((piece, again)) = self.waiting.last().copied()
            && (self.open.is_empty()
                || self.wants_more(active < concurrency) && self.held_or(piece.size) <= HELD)
        {
            self.waiting.pop();
            let opened = OpenPiece::new(piece, again);
            if opened.size == 0 {
                self.lose(Cause::Storage);
                return self.next(now, offline, random);
            }
            self.open.push(opened);
            return Step::Open(piece);
        }
        if self.open.is_empty() {
            let corrupt = (self.corrupt > 0).then_some(Cause::Corrupt(self.corrupt));
            return Step::End(match self.lost.or(corrupt) {
                Some(cause) => PageOutcome::Failed(cause),
                None => PageOutcome::Done,
            });
        }
        let asked_to_wait = self.backoff.not_before() > now;
        if self.backoff.failures() == 0 && !asked_to_wait {
            self.trouble = None;
        } else if active == 0 {
            let retry = PageTrouble::Retry { cause: self.backoff.cause(), at: self.backoff.not_before() };
            self.trouble = Some(if offline { PageTrouble::Offline } else { retry });
        }
        Step::Wait(wake)
    }

    /// The free block that has failed least; of those the first.
    fn request(&mut self, now: Millis) -> Option<Request> {
        if self.ranges && self.unanswered.is_some_and(|unanswered| unanswered >= UNANSWERED) {
            // Only where nothing is lost by it. If it is the server that is gone, this finds it out as well.
            let mut open = self.open.iter_mut();
            if let Some(empty) =
                open.find(|open| open.phase == Phase::Fetching && !open.straight && open.is_untouched())
            {
                empty.restart(0, &mut self.chores);
            }
        }
        if self.very_fast {
            // Opened before that was known.
            let untouched = |open: &&mut OpenPiece| open.phase == Phase::Fetching && open.is_untouched();
            for open in self.open.iter_mut().filter(untouched) {
                open.begin(self.ranges, !open.again, &[]);
            }
        }
        let open = self.open.iter_mut().filter(|open| open.phase == Phase::Fetching);
        let blocks = open.flat_map(|open| {
            let OpenPiece { piece, size, straight, blocks, .. } = open;
            let free = blocks.iter_mut().filter(|block| block.is_free());
            free.map(|block| (piece.digest, *size, *straight, block))
        });
        let (digest, size, straight, block) = blocks.min_by_key(|(.., block)| block.tries)?;
        self.requests += 1;
        let id = self.requests;
        if !self.ranges {
            block.restart();
        }
        block.busy = Some(Busy { id, heard: now });
        let (first, end) = (block.at, block.end);
        Some(Request { id, digest, size, first, last: end - 1, ranged: end - first < size, straight })
    }

    /// Whether another piece should be opened: there is too little to ask for, or there will be in a moment.
    fn wants_more(&self, starved: bool) -> bool {
        if self.one_by_one {
            return false;
        }
        let free = |open: &&OpenPiece| open.phase == Phase::Opening || open.blocks.iter().any(Block::is_free);
        starved || self.open.iter().filter(free).count() < if self.very_fast { AHEAD } else { 1 }
    }

    fn held_or(&self, more: u64) -> u64 {
        // What goes straight to the store is not held.
        let held = self.open.iter().filter(|open| !open.straight).map(|open| open.piece.size);
        held.sum::<u64>() + more
    }

    // ---- what happened ----

    /// Of a piece, these ranges, first byte and the one after the last, were saved.
    pub fn opened(&mut self, digest: &Digest, saved: &[(u32, u32)]) {
        let ranges = self.ranges;
        let fast = saved.is_empty() && self.very_fast;
        if let Some(open) = self.piece(digest) {
            open.begin(ranges, fast && !open.again, saved);
        }
    }

    /// The answer to a request has begun; says whether its body is wanted.
    pub fn answered(&mut self, id: u32, answer: &Answer) -> bool {
        let Some((open, block)) = self.find(id) else {
            return false;
        };
        let (size, first) = (open.size, block.at);
        let ranged = block.end - first < size;
        match answer.judge(ranged, first, size) {
            Verdict::Take => {
                if ranged {
                    self.unanswered = None;
                } else if size > open_piece::BLOCK && self.unanswered.is_some_and(|n| n >= UNANSWERED) {
                    // It may have been the server after all: the next piece tries ranges first, for a moment.
                    self.unanswered = Some(UNANSWERED - 1);
                }
                return true;
            }
            Verdict::Whole => {
                self.without_ranges(id);
                return self.find(id).is_some();
            }
            Verdict::NoSuchRange => {
                let digest = open.piece.digest;
                self.start_over(&digest);
            }
            Verdict::Passing(cause) => {
                if let Cause::Status(429 | 503) = cause {
                    self.concurrency.throttle();
                }
                self.give_up(id, cause, answer.retry_after);
            }
            Verdict::Final(cause) => {
                let digest = open.piece.digest;
                self.lose(cause);
                self.abandon(&digest);
            }
        }
        false
    }

    /// From now on, pieces are fetched whole. The request of this number goes on if it begins at the first byte.
    fn without_ranges(&mut self, id: u32) {
        self.ranges = false;
        for open in &mut self.open {
            if open.phase == Phase::Fetching && !open.is_complete() && !open.straight {
                let digest = open.piece.digest;
                open.restart(id, &mut self.chores);
                self.chores.push(Step::Forget(digest));
            }
        }
    }

    /// So many bytes have come; says where in the piece they belong, and `None` if they are not wanted.
    pub fn received(&mut self, id: u32, now: Millis, bytes: u32) -> Option<u32> {
        let (open, block) = self.find(id)?;
        let place = block.at;
        if bytes > block.end - place {
            // Too long cannot be right. Stop before it gets longer.
            let digest = open.piece.digest;
            self.refused(&digest);
            return None;
        }
        block.at += bytes;
        block.tries = 0;
        block.busy = Some(Busy { id, heard: now });
        self.backoff.progress();
        self.concurrency.received(now, bytes);
        let rate = self.concurrency.rate().unwrap_or(0);
        self.very_fast = !self.one_by_one && rate >= if self.very_fast { FAST } else { VERY_FAST };
        Some(place)
    }

    /// A request is over, whether or not all has come.
    pub fn ended(&mut self, id: u32) {
        let ranged = self.find(id).is_some_and(|(open, block)| block.end - block.at < open.size);
        if ranged && let Some(unanswered) = &mut self.unanswered {
            *unanswered += 1;
        }
        self.give_up(id, Cause::Network, 0);
    }

    fn give_up(&mut self, id: u32, cause: Cause, retry_after: Millis) {
        let Some((known, block)) = self.find(id) else {
            return;
        };
        let short = block.at < block.end;
        block.give_up();
        if short {
            self.backoff.fail(cause, retry_after);
            self.slow_down();
            self.not_straight(&known.piece.digest);
        }
    }

    /// After a failure nobody knows how fast the line is.
    fn slow_down(&mut self) {
        self.concurrency.forget();
        self.very_fast = false;
        while let Some(open) = self.open.iter().find(|open| open.straight && open.is_untouched()) {
            let digest = open.piece.digest;
            self.not_straight(&digest);
        }
    }

    /// A piece that went straight to the store waits for its turn again: next time with a look at its bytes, until the
    /// line has shown that it is fast.
    fn not_straight(&mut self, digest: &Digest) -> bool {
        let found = self.open.iter().position(|open| open.straight && open.piece.digest == *digest);
        if let Some(at) = found {
            let open = self.open.swap_remove(at);
            self.waiting.push((open.piece, open.again));
            self.chores.push(Step::Forget(*digest));
        }
        found.is_some()
    }

    /// A piece is in the store.
    pub fn admitted(&mut self, digest: &Digest) {
        self.close(digest);
    }

    /// The bytes of a piece were wrong. Once may be bad luck on the way, or in what was saved; twice is what the
    /// server has.
    pub fn refused(&mut self, digest: &Digest) {
        match self.piece(digest) {
            Some(open) if open.again => {
                self.corrupt += 1;
                self.close(digest);
            }
            Some(open) => {
                open.again = true;
                if !self.not_straight(digest) {
                    self.start_over(digest);
                }
            }
            None => {}
        }
    }

    /// Nothing more can be stored, or the user does not want it: ends as soon as possible.
    pub fn end(&mut self, outcome: PageOutcome) {
        self.ending.get_or_insert(outcome);
    }

    /// A piece could not be stored, which others could not either.
    pub fn fail(&mut self, digest: &Digest, cause: Cause) {
        self.end(PageOutcome::Failed(cause));
        self.close(digest);
    }

    /// The network is back: nothing waits any longer.
    pub fn online(&mut self) {
        self.backoff.no_wait();
    }

    fn lose(&mut self, cause: Cause) {
        self.lost = Some(cause);
        self.lost_pieces += 1;
        if self.lost_pieces >= HOPELESS {
            self.end(PageOutcome::Failed(cause));
        }
    }

    /// Nothing more of a piece can be had now. What has come of it is worth keeping, unless it was wrong before.
    fn abandon(&mut self, digest: &Digest) {
        let ranges = self.ranges;
        match self.open.iter_mut().find(|open| open.piece.digest == *digest) {
            Some(open) if ranges && !open.straight && !open.again && open.held() > 0 => {
                // Chores are done from the end: first the requests, then the rest.
                let at = self.chores.len();
                open.put_away(&mut self.chores);
                self.chores[at..].reverse();
            }
            Some(_) | None => self.close(digest),
        }
    }

    /// What had come of a piece is saved.
    pub fn put_away(&mut self, digest: &Digest) {
        self.open.retain(|open| open.piece.digest != *digest);
    }

    fn close(&mut self, digest: &Digest) {
        self.start_over(digest);
        self.open.retain(|open| open.piece.digest != *digest);
    }

    /// Drops what there is of a piece, to fetch it in one request.
    fn start_over(&mut self, digest: &Digest) {
        if let Some(open) = self.open.iter_mut().find(|open| open.piece.digest == *digest) {
            open.restart(0, &mut self.chores);
            self.chores.push(Step::Forget(*digest));
        }
    }

    // ---- saving ----

    /// The next bytes to save. `all`: however few, because the page goes or nothing more comes for a while.
    pub fn save(&mut self, all: bool) -> Option<Part> {
        // Without ranges there is no going on in the middle.
        if !self.ranges {
            return None;
        }
        let may_be_unsaved = match self.concurrency.rate() {
            _ if all => 0,
            // It takes a moment to know the speed.
            None => return None,
            Some(rate) => rate.saturating_mul(UNSAVED).clamp(UNSAVED_AT_LEAST, UNSAVED_AT_MOST),
        };
        let mut sum = 0;
        let mut most = None;
        for open in self.open.iter_mut().filter(|open| open.may_be_saved()) {
            let unsaved = open.unsaved(all);
            sum += unsaved;
            if unsaved > 0 && most.as_ref().is_none_or(|(other, _)| unsaved > *other) {
                most = Some((unsaved, open));
            }
        }
        // One long write costs less than several short ones.
        most.filter(|_| sum > may_be_unsaved).map(|(_, open)| open.save())
    }

    /// What is not saved yet of a piece, to be saved now.
    pub fn rest(&mut self, digest: &Digest) -> Option<Part> {
        self.piece(digest).map(OpenPiece::save)
    }

    /// It is saved, or somebody who stays has it. Until this is said, and for ever if it fails, nothing more of that piece is.
    pub fn saved(&mut self, part: &Part) {
        if let Some(open) = self.piece(&part.digest) {
            open.saved();
        }
    }

    // ---- to be asked ----

    /// Bytes that have come of pieces that are not kept.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.open.iter().map(OpenPiece::held).sum()
    }

    /// Whether pieces go straight to the store.
    #[must_use]
    pub fn is_very_fast(&self) -> bool {
        self.very_fast
    }

    /// What keeps bytes from coming.
    #[must_use]
    pub fn trouble(&self) -> Option<PageTrouble> {
        self.trouble
    }

    /// Whether a piece is being fetched or stored.
    #[must_use]
    pub fn is_open(&self, digest: &Digest) -> bool {
        self.open.iter().any(|open| open.piece.digest == *digest)
    }

    fn piece(&mut self, digest: &Digest) -> Option<&mut OpenPiece> {
        self.open.iter_mut().find(|open| open.piece.digest == *digest)
    }

    fn find(&mut self, id: u32) -> Option<(Known, &mut Block)> {
        self.open.iter_mut().find_map(|open| {
            let known = Known { piece: open.piece, size: open.size };
            let block = open.blocks.iter_mut().find(|block| block.busy.is_some_and(|busy| busy.id == id))?;
            Some((known, block))
        })
    }
}

/// The piece of a block.
struct Known {
    piece: Piece,
    size: u32,
}
