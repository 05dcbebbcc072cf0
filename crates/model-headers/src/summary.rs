//! What the tensors of one or more files come to.

use std::collections::HashMap;

use crate::storage::{Class, Storage};
use crate::tensor::{Tensor, shortened};

/// The numbers that are stored in one way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Share {
    /// The way.
    pub storage: Storage,
    /// How many numbers.
    pub numbers: u64,
    /// Their bytes, as far as they are known.
    pub bytes: u64,
}

/// Ways of storing that are told apart; there are some thirty, but a file can name as many unknown ones as it likes.
const MOST_SHARES: usize = 64;

/// All tensors together, and the first of them one by one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// How many tensors there are.
    pub tensors: usize,
    /// How they are stored, the largest share of bytes first.
    pub shares: Vec<Share>,
    /// The first tensors, with names that are cut if they are very long.
    pub first: Vec<Tensor>,
}

impl Summary {
    /// Adds up tensors and keeps the first `rows` of them.
    #[must_use]
    pub fn of(tensors: Vec<Tensor>, rows: usize) -> Self {
        let mut tally = Tally::new(rows);
        tally.add(tensors);
        tally.finish()
    }

    /// Numbers that were learnt: all but the whole ones, which are positions and the like.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.numbers(|class| class != Class::Whole)
    }

    /// Whole numbers.
    #[must_use]
    pub fn whole_numbers(&self) -> u64 {
        self.numbers(|class| class == Class::Whole)
    }

    /// Bytes of all tensors, as far as they are known.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shares.iter().fold(0, |sum, share| sum.saturating_add(share.bytes))
    }

    fn numbers(&self, counts: impl Fn(Class) -> bool) -> u64 {
        let shares = self.shares.iter().filter(|share| counts(share.storage.class));
        shares.fold(0, |sum, share| sum.saturating_add(share.numbers))
    }
}

/// A summary in the making, for models in several files: these are never all in memory.
pub(crate) struct Tally {
    rows: usize,
    tensors: usize,
    shares: HashMap<Storage, (u64, u64)>,
    first: Vec<Tensor>,
}

impl Tally {
    /// Keeps so many of the tensors to come.
    pub(crate) fn new(rows: usize) -> Self {
        Self { rows, tensors: 0, shares: HashMap::new(), first: Vec::new() }
    }

    pub(crate) fn add(&mut self, tensors: Vec<Tensor>) {
        self.tensors += tensors.len();
        for tensor in &tensors {
            let mut storage = tensor.storage.clone();
            if self.shares.len() >= MOST_SHARES && !self.shares.contains_key(&storage) {
                storage = Storage::unknown("other".to_owned());
            }
            let (numbers, bytes) = self.shares.entry(storage).or_default();
            // Files of 16 EiB do not exist: this only keeps a lie from becoming a panic.
            *numbers = numbers.saturating_add(tensor.numbers);
            *bytes = bytes.saturating_add(tensor.bytes.unwrap_or(0));
        }
        let room = self.rows - self.first.len();
        let shortened = |tensor: Tensor| Tensor { name: shortened(tensor.name), ..tensor };
        self.first.extend(tensors.into_iter().take(room).map(shortened));
    }

    pub(crate) fn finish(self) -> Summary {
        let share = |(storage, (numbers, bytes))| Share { storage, numbers, bytes };
        let mut shares: Vec<Share> = self.shares.into_iter().map(share).collect();
        shares.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.storage.cmp(&b.storage)));
        Summary { tensors: self.tensors, shares, first: self.first }
    }
}
