//! Which bytes of unfinished pieces are saved, and when.

use crate::Digest;

use super::open_piece::OpenPiece;
use super::{Part, Saving, Transfer};

/// The page may have as many unsaved bytes as the line brings in this many milliseconds, within these bounds
/// in bytes. A killed page loses these bytes, those that arrive during a save, and those in transit.
/// Together they are at most what arrives in a second, or 1 to 4 MiB. A save in a cache costs 8 ms of
/// processor time, whatever its length.
const UNSAVED: u32 = 750;
const UNSAVED_AT_LEAST: u32 = 768 << 10;
const UNSAVED_AT_MOST: u32 = 3 << 20;

impl Transfer {
    /// The next bytes to save.
    pub fn save(&mut self, saving: Saving) -> Option<Part> {
        // Without ranges there is no going on in the middle.
        if !self.ranges {
            return None;
        }
        let may_be_unsaved = match (saving, self.concurrency.rate()) {
            (Saving::All, _) => 0,
            // It takes a moment to know the speed.
            (Saving::Due, None) => return None,
            (Saving::Due, Some(rate)) => {
                rate.saturating_mul(UNSAVED).clamp(UNSAVED_AT_LEAST, UNSAVED_AT_MOST)
            }
        };
        let mut sum = 0;
        let mut most = None;
        for open in self.open.iter_mut().filter(|open| open.may_be_saved()) {
            let unsaved = open.unsaved(saving);
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

    /// The part is saved, or the worker has it. Until this call, and forever if the save fails, no more of that piece is saved.
    pub fn saved(&mut self, part: &Part) {
        if let Some(open) = self.piece(&part.digest) {
            open.saved();
        }
    }
}
