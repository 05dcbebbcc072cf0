//! Results of requests and pieces, and what follows from them.

use crate::Digest;
use crate::download::{Cause, Millis, PageOutcome};

use super::answer::{Answer, Verdict};
use super::open_piece::{self, Busy, Phase};
use super::schedule::UNANSWERED;
use super::{Step, Transfer};

/// From this speed on, in bytes per millisecond, whole pieces go straight to the store. This takes half the
/// time and memory, because the page does not read their bytes. A failed connection then loses what such a
/// line brings in a second.
const VERY_FAST: u32 = 60_000;

/// Below this speed they do not any more.
const FAST: u32 = 25_000;

/// After this many pieces that cannot be had, others are not tried any more.
const HOPELESS: u32 = 3;

impl Transfer {
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

    /// From now on, pieces are fetched whole. The request of this number continues if it begins at the first byte.
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

    /// After a failure, the speed of the line is unknown.
    pub(super) fn slow_down(&mut self) {
        self.concurrency.forget();
        self.very_fast = false;
        while let Some(open) = self.open.iter().find(|open| open.straight && open.is_untouched()) {
            let digest = open.piece.digest;
            self.not_straight(&digest);
        }
    }

    /// Queues a piece again that went straight to the store. From now on the page reads the bytes, until the
    /// line has shown that it is fast.
    pub(super) fn not_straight(&mut self, digest: &Digest) -> bool {
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

    pub(super) fn lose(&mut self, cause: Cause) {
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

    /// Drops the bytes of a piece, to fetch it again in one request.
    fn start_over(&mut self, digest: &Digest) {
        if let Some(open) = self.open.iter_mut().find(|open| open.piece.digest == *digest) {
            open.restart(0, &mut self.chores);
            self.chores.push(Step::Forget(*digest));
        }
    }
}
