//! The pieces of the wanted revision, and which of them are stored.

use crate::{Digest, DigestSet, Manifest, Piece, Revision};

/// The pieces of one revision and whether each is in the store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    revision: Revision,
    /// Sorted by digest.
    pieces: Vec<Piece>,
    kept: DigestSet,
    total: u64,
    kept_bytes: u64,
}

impl Plan {
    /// The plan of a manifest, of whose pieces those in `kept` are in the store.
    #[must_use]
    pub fn new(manifest: &Manifest, kept: &DigestSet) -> Self {
        let pieces = manifest.pieces();
        let mut plan = Self {
            revision: manifest.revision(),
            total: pieces.iter().map(|piece| piece.size).sum(),
            pieces,
            kept: DigestSet::default(),
            kept_bytes: 0,
        };
        for digest in kept.iter() {
            plan.admit(digest);
        }
        plan
    }

    /// The revision this is the plan of.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Bytes of all pieces.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Bytes of the kept pieces.
    #[must_use]
    pub fn kept_bytes(&self) -> u64 {
        self.kept_bytes
    }

    /// How many pieces are kept, and how many there are.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        (self.kept.len(), self.pieces.len())
    }

    /// Whether every piece is kept.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.kept.len() == self.pieces.len()
    }

    /// The pieces that are not kept.
    pub fn missing(&self) -> impl Iterator<Item = Piece> + '_ {
        self.pieces.iter().filter(|piece| !self.kept.contains(&piece.digest)).copied()
    }

    /// Whether of all its pieces exactly those are kept that are in `stored`.
    #[must_use]
    pub fn agrees_with(&self, stored: &DigestSet) -> bool {
        self.pieces.iter().all(|piece| self.kept.contains(&piece.digest) == stored.contains(&piece.digest))
    }

    /// The size of a piece in bytes, if this plan has it.
    fn size_of(&self, digest: &Digest) -> Option<u64> {
        let at = self.pieces.binary_search_by(|piece| piece.digest.cmp(digest)).ok()?;
        self.pieces.get(at).map(|piece| piece.size)
    }

    /// Notes that a piece is kept; its size in bytes, if that is news. A piece of another model is none.
    pub(super) fn admit(&mut self, digest: &Digest) -> Option<u64> {
        let size = self.size_of(digest).filter(|_| self.kept.insert(*digest))?;
        self.kept_bytes += size;
        Some(size)
    }

    /// Takes over what another look at the same revision found in addition.
    pub(super) fn merge(&mut self, other: &Self) {
        for digest in other.kept.iter() {
            self.admit(digest);
        }
    }

    /// Bytes of `asked`, and of those pieces in it that are kept.
    #[must_use]
    pub fn bytes_in(&self, asked: &DigestSet) -> (u64, u64) {
        asked.iter().fold((0, 0), |(all, kept), digest| {
            let size = self.size_of(digest).unwrap_or(0);
            (all + size, kept + if self.kept.contains(digest) { size } else { 0 })
        })
    }
}
