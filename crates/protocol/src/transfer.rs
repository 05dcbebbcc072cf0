//! How a page fetches pieces itself: which byte ranges to request next, when to wait, and when to give up.
//!
//! [`Transfer`] takes events, and [`Transfer::next`] returns what to do. It does no I/O and reads no clock:
//! the time and random numbers come in as values. Pieces are cut into blocks, and several blocks are
//! fetched at the same time. A limit in bytes bounds what is in memory. Many small pieces therefore do not
//! wait for each other, and a few large ones do not fill the memory.

mod answer;
mod backoff;
mod concurrency;
mod open_piece;
mod outcome;
mod part;
mod saving;
mod schedule;
mod step;

pub use answer::{Answer, range_start};
pub use part::{Part, Saving};
pub use schedule::{HELD, IDLE};
pub use step::{Request, Step};

use crate::download::{Cause, PageOutcome, PageTrouble};
use crate::{Digest, Piece};

use backoff::Backoff;
use concurrency::Concurrency;
use open_piece::{Block, OpenPiece};

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

    /// For devices that may have too little space: a piece is requested only after the previous one is
    /// stored. If the store is full, only one piece has arrived in vain.
    #[must_use]
    pub fn one_by_one(self, one_by_one: bool) -> Self {
        Self { one_by_one, ..self }
    }

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
