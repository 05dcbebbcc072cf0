//! Makes inputs out of inputs, for tests that look for one which breaks a parser. With a stable compiler, so without a look at
//! which code an input reaches; the seeds are what leads into every corner.
//!
//! The same number makes the same inputs, everywhere. `MUTATION_SEED` starts from another one, and `MUTATION_ROUNDS` says how
//! many there are to be, for instance a million over night.

use std::env::{self, VarError};

/// Numbers by chance, always the same (xorshift64).
#[derive(Debug)]
pub struct Chance(u64);

/// How many inputs to try: `MUTATION_ROUNDS`, or so many.
///
/// # Panics
/// If the variable is no number, since a test would silently do something else than it was told.
#[must_use]
pub fn rounds(default: u64) -> u64 {
    number("MUTATION_ROUNDS").unwrap_or(default)
}

fn number(variable: &str) -> Option<u64> {
    match env::var(variable) {
        Ok(text) => {
            Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, which is no number")))
        }
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(text)) => panic!("{variable} is {text:?}, which is no number"),
    }
}

impl Chance {
    /// From `MUTATION_SEED`, or a fixed number.
    ///
    /// # Panics
    /// If the variable is no number.
    #[must_use]
    pub fn new() -> Self {
        let seed = number("MUTATION_SEED").unwrap_or(0);
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// One of the numbers from 0 on, below this one; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end.max(1);
        // The remainder is below `end`, so it fits.
        usize::try_from(self.next() % end as u64).unwrap_or(0)
    }

    /// One of several.
    ///
    /// # Panics
    /// If there are none.
    pub fn pick<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        &several[self.below(several.len())]
    }

    /// An input: one of the seeds with some changes. `words` are what the language of the inputs is made of.
    ///
    /// # Panics
    /// If there are no seeds or no words.
    pub fn mutate(&mut self, seeds: &[&str], words: &[&str]) -> Vec<u8> {
        let mut input = self.pick(seeds).as_bytes().to_vec();
        // Sometimes none: the seeds themselves are tried too.
        for _ in 0..self.below(6) {
            let (from, to) = (self.below(input.len() + 1), self.below(input.len() + 1));
            let span = from.min(to)..from.max(to);
            match self.below(7) {
                0 => drop(input.splice(from..from, self.pick(words).bytes())),
                1 => drop(input.splice(from..from, self.number().bytes())),
                2 => drop(input.drain(span)),
                3 => {
                    let copy = input[span].to_vec();
                    drop(input.splice(from..from, copy));
                }
                4 => {
                    let other = self.pick(seeds).as_bytes();
                    input.truncate(from);
                    input.extend(&other[self.below(other.len() + 1)..]);
                }
                5 => {
                    // Mostly what can be printed.
                    let byte = if self.below(8) == 0 { self.below(256) } else { 32 + self.below(95) };
                    input.truncate(input.len().min(4096));
                    input.insert(from.min(input.len()), byte.to_le_bytes()[0]);
                }
                _ => {
                    if let Some(byte) = input.get_mut(from) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
        }
        input
    }

    /// Small ones, and those near the edges of what types hold.
    fn number(&mut self) -> String {
        let near = i128::from(self.next() % 5) - 2;
        let edge = *self.pick(&[0, 16, 64, 255, 1 << 31, 1 << 32, 1 << 63, 1 << 64, i128::MAX - 2]);
        (edge + near).to_string()
    }
}

impl Default for Chance {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_inputs_come_each_time_and_they_differ_from_each_other() {
        let inputs = || {
            let mut chance = Chance::new();
            (0..100).map(|_| chance.mutate(&["bytes=0-1", ""], &["-", ","])).collect::<Vec<_>>()
        };
        let first = inputs();
        assert_eq!(first, inputs());
        let mut different = first;
        different.sort();
        different.dedup();
        assert!(different.len() > 50, "{}", different.len());
    }
}
