//! How many passages are computed at a time: as many as make the memory's speed matter less than the processor's, and no
//! more than lets a worker look at its messages ten times a second.
//!
//! Passages of a batch need not have the same length, since none is filled up: their tokens are simply the rows of one
//! matrix. A vector does not depend, not even in its last bit, on what else is in the batch.

/// Tokens of a batch; a longer passage is one by itself.
const TOKENS: usize = 192;

/// How many of the next passages, given the numbers of their tokens, make a batch.
pub(crate) fn batch(lengths: impl Iterator<Item = usize>) -> usize {
    let mut sum = 0;
    let fits = |length: &usize| {
        sum += length;
        sum <= TOKENS
    };
    lengths.take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_full_and_never_empty() {
        assert_eq!(batch([64; 9].into_iter()), 3);
        assert_eq!(batch([512, 3].into_iter()), 1);
        assert_eq!(batch([100, 100].into_iter()), 1);
        assert_eq!(batch([5].into_iter()), 1);
    }
}
