//! Tests parsers with mutated inputs: a proptest strategy that edits committed seeds, for the tests of several crates.
//! proptest's own strategies do not edit what they are given.

use std::env;
use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

/// Tests so many mutated inputs, or as many as `PROPTEST_CASES` says. An input is one of the seeds with up to five edits;
/// `words` are what the language of the inputs is made of.
///
/// # Panics
/// If the test panics for an input; says the smallest one found. Also if there are no seeds or no words.
pub fn check<S: AsRef<[u8]>, W: AsRef<[u8]>>(cases: u32, seeds: &[S], words: &[W], test: impl Fn(Vec<u8>)) {
    let cases = if env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { cases };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let checked = TestRunner::new(config).run(&mutated(seeds, words), |Input(input)| {
        test(input);
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}

fn mutated<S: AsRef<[u8]>, W: AsRef<[u8]>>(seeds: &[S], words: &[W]) -> impl Strategy<Value = Input> {
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|seed| seed.as_ref().to_vec()).collect();
    let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_ref().to_vec()).collect();
    // Small numbers, and those near the edges of what types hold.
    let edges = vec![0, 16, 64, 255, 1 << 31, 1 << 32, 1 << 63, 1 << 64, i128::MAX - 2];
    let numbers =
        (select(edges), -2..=2_i128).prop_map(|(edge, near)| (edge + near).to_string().into_bytes());
    let tails = (select(seeds.clone()), any::<Index>())
        .prop_map(|(seed, from)| seed[from.index(seed.len() + 1)..].to_vec());
    let inserted = prop_oneof![
        Just(Vec::new()),
        select(words),
        numbers,
        tails,
        vec(b' '..=b'~', 1),
        vec(any::<u8>(), 1),
    ];
    let removed = prop_oneof![3 => Just(0), 3 => 0..9_usize, 1 => Just(usize::MAX)];
    let edits = vec((any::<Index>(), removed, inserted), 0..6);
    (select(seeds), edits).prop_map(|(mut input, edits)| {
        for (at, removed, inserted) in edits {
            let at = at.index(input.len() + 1);
            let end = input.len().min(at.saturating_add(removed));
            input.splice(at..end, inserted);
        }
        Input(input)
    })
}

/// Shown as a text.
struct Input(Vec<u8>);

impl Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}
