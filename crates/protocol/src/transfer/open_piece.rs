//! A piece that is being fetched, and its blocks.

use crate::Piece;
use crate::download::Millis;

use super::{Part, Saving, Step};

/// The length of a block in bytes. One request each: large enough that requests cost nothing, small enough that
/// several have something to do at the end of a piece.
pub(super) const BLOCK: u32 = 4 << 20;

/// The largest piece that can be held in memory, in bytes. Servers cut smaller ones.
const LARGEST: u64 = 256 << 20;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    Opening,
    Fetching,
    Admitting,
    /// No more of it can arrive now, and what has arrived is being saved.
    PuttingAway,
}

#[derive(Debug)]
pub(super) struct OpenPiece {
    pub piece: Piece,
    /// The same as the piece's; 0 if that is more than can be held.
    pub size: u32,
    pub phase: Phase,
    /// Whether its bytes were wrong once.
    pub again: bool,
    /// Whether it goes straight to the store.
    pub straight: bool,
    pub blocks: Vec<Block>,
    /// How many parts of it are being saved.
    writes: u32,
}

/// Adjoining bytes of a piece, fetched from the front.
#[derive(Debug)]
pub(super) struct Block {
    start: u32,
    /// The next byte.
    pub at: u32,
    pub end: u32,
    pub busy: Option<Busy>,
    /// Failures since bytes came.
    pub tries: u32,
    /// Up to where it is saved, or being saved.
    saved: u32,
}

/// A request under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Busy {
    pub id: u32,
    /// When something was last heard of it.
    pub heard: Millis,
}

impl OpenPiece {
    pub(super) fn new(piece: Piece, again: bool) -> Self {
        let size = if piece.size > LARGEST { 0 } else { piece.size as u32 };
        Self { piece, size, phase: Phase::Opening, again, straight: false, blocks: Vec::new(), writes: 0 }
    }

    /// Cuts it, and takes what was saved.
    pub(super) fn begin(&mut self, ranges: bool, straight: bool, saved: &[(u32, u32)]) {
        self.phase = Phase::Fetching;
        self.straight = straight;
        self.blocks.clear();
        let length = if ranges && !straight && !self.again { BLOCK } else { self.size };
        let mut start = 0;
        while start < self.size {
            let end = self.size.min(start.saturating_add(length));
            let mut block = Block::new(start, end);
            if ranges {
                block.take(saved);
            }
            self.blocks.push(block);
            start = end;
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.phase == Phase::Fetching && self.blocks.iter().all(|block| block.at == block.end)
    }

    pub(super) fn held(&self) -> u64 {
        self.blocks.iter().map(|block| u64::from(block.at - block.start)).sum()
    }

    /// Whether nothing of it is here or on its way.
    pub(super) fn is_untouched(&self) -> bool {
        self.blocks.iter().all(|block| block.busy.is_none() && block.at == block.start)
    }

    /// Ends its requests, so that what has arrived can be kept for a later download.
    pub(super) fn put_away(&mut self, chores: &mut Vec<Step>) {
        for block in &mut self.blocks {
            if let Some(busy) = block.busy.take() {
                chores.push(Step::Abort(busy.id));
            }
        }
        self.phase = Phase::PuttingAway;
        chores.push(Step::PutAway(self.piece.digest));
    }

    /// Drops everything, to fetch it in one request. If `keep` asks for the first byte, that is the one; all others
    /// are to be ended.
    pub(super) fn restart(&mut self, keep: u32, chores: &mut Vec<Step>) {
        let mut whole = Block::new(0, self.size);
        for block in &self.blocks {
            match block.busy {
                Some(busy) if busy.id == keep && block.at == 0 => whole.busy = Some(busy),
                Some(busy) => chores.push(Step::Abort(busy.id)),
                None => {}
            }
        }
        self.phase = Phase::Fetching;
        self.straight = false;
        self.writes = 0;
        self.blocks.clear();
        self.blocks.push(whole);
    }

    pub(super) fn may_be_saved(&self) -> bool {
        // What is fetched anew goes to the store out of memory: the file of its parts is on its way out.
        self.phase == Phase::Fetching && !self.is_complete() && !self.again
    }

    /// How many bytes may be saved now. One write at a time, unless all are saved.
    pub(super) fn unsaved(&self, saving: Saving) -> u32 {
        if self.writes > 0 && saving == Saving::Due {
            return 0;
        }
        self.blocks.iter().map(|block| block.at.saturating_sub(block.saved)).sum()
    }

    /// What is unsaved is being saved from now on. Never what is saved already: an entry that is written anew is lost if the
    /// tab goes in the middle.
    pub(super) fn save(&mut self) -> Part {
        let mut ranges = Vec::new();
        for block in &mut self.blocks {
            if block.at > block.saved {
                ranges.push((block.saved, block.at));
                block.saved = block.at;
            }
        }
        self.writes += 1;
        Part { digest: self.piece.digest, ranges }
    }

    pub(super) fn saved(&mut self) {
        self.writes = self.writes.saturating_sub(1);
    }
}

impl Block {
    fn new(start: u32, end: u32) -> Self {
        Self { start, at: start, end, busy: None, tries: 0, saved: start }
    }

    /// Goes on behind what was saved. A gap ends it: what is behind is fetched again.
    fn take(&mut self, saved: &[(u32, u32)]) {
        while let Some((_, end)) = saved.iter().find(|(first, end)| *first <= self.at && *end > self.at) {
            self.at = self.end.min(*end);
            if self.at == self.end {
                break;
            }
        }
        self.saved = self.at;
    }

    pub(super) fn is_free(&self) -> bool {
        self.busy.is_none() && self.at < self.end
    }

    pub(super) fn restart(&mut self) {
        self.at = self.start;
    }

    pub(super) fn give_up(&mut self) {
        self.busy = None;
        self.tries += 1;
    }
}
