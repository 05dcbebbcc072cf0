//! Which request or piece is next, and when.

use crate::download::{Cause, Millis, PageOutcome, PageTrouble};

use super::open_piece::{Block, Busy, OpenPiece, Phase};
use super::{Request, Step, Transfer};

/// Pieces are held in memory while they are fetched and stored: so many bytes of them, unless one is larger.
pub const HELD: u64 = 64 << 20;

/// A request that brings no byte for so long is given up. Not how long a block may take: lines are slow.
pub const IDLE: Millis = 30_000;

/// So many pieces that will go straight to the store are opened ahead: it takes the busy store some time.
const AHEAD: usize = 4;

/// After this many unanswered requests for ranges, and none that was answered, the page requests whole
/// pieces. A proxy may break ranges, for example by compressing them.
pub(super) const UNANSWERED: u32 = 8;

impl Transfer {
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
}
