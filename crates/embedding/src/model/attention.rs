//! Attention: each token of a passage takes from the others what concerns it. Passages that are computed together do not
//! see each other, and are not filled up to one length: there is nothing to be masked.

use wide::f32x4;

use super::activation::exp;
use super::product::{Blocks, COLUMNS, Eight, ROWS, ZEROS, multiply, numbers};

/// Memory that is used again for each head.
#[derive(Debug, Default)]
pub(crate) struct Attention {
    left: Blocks,
    panels: Vec<Eight>,
    /// How much each token has to do with each: rows whose length is filled up to a multiple of eight.
    scores: Vec<f32>,
}

impl Attention {
    /// Computes for one passage. Each row of `input` holds a token's query, key and value, and those hold what belongs to
    /// each head, one after the other; each row of `output` gets as much as a value.
    pub(crate) fn apply(&mut self, heads: usize, input: &[f32], output: &mut [f32], hidden: usize) {
        let tokens = output.len() / hidden;
        let width = hidden / heads;
        let stride = 3 * hidden;
        let scale = f32x4::splat(1.0 / (width as f32).sqrt());
        let padded = tokens.next_multiple_of(COLUMNS);
        for head in 0..heads {
            let (query, key) = (head * width, hidden + head * width);
            let value = 2 * hidden + head * width;

            // Scores: queries times keys, each key a column.
            self.left.pack(tokens, width, stride, &input[query..]);
            self.panels.clear();
            self.panels.resize(padded / COLUMNS * width, ZEROS);
            for token in 0..tokens {
                let panel = &mut self.panels[token / COLUMNS * width..][..width];
                let (half, lane) = (token % COLUMNS / 4, token % 4);
                for (cell, number) in panel.iter_mut().zip(&input[token * stride + key..][..width]) {
                    cell[half].as_mut_array()[lane] = *number;
                }
            }
            self.scores.clear();
            self.scores.resize(tokens.next_multiple_of(ROWS) * padded, 0.0);
            let scores = &mut self.scores;
            multiply(
                &self.left,
                &self.panels,
                |_| ZEROS,
                |block, panel, tile| {
                    let rows = scores.chunks_exact_mut(padded).skip(block * ROWS);
                    for (row, [low, high]) in rows.zip(tile) {
                        row[panel * COLUMNS..][..COLUMNS]
                            .copy_from_slice(&numbers([low * scale, high * scale]));
                    }
                },
            );
            for row in self.scores.chunks_exact_mut(padded).take(tokens) {
                softmax(row, tokens);
            }

            // Scores times values.
            self.left.pack(tokens, tokens, padded, &self.scores);
            self.panels.clear();
            for first in (0..width).step_by(COLUMNS) {
                let columns = COLUMNS.min(width - first);
                self.panels.extend((0..tokens).map(|token| {
                    let mut eight = [0.0; COLUMNS];
                    eight[..columns].copy_from_slice(&input[token * stride + value + first..][..columns]);
                    let [a, b, c, d, e, f, g, h] = eight;
                    [f32x4::new([a, b, c, d]), f32x4::new([e, f, g, h])]
                }));
            }
            multiply(
                &self.left,
                &self.panels,
                |_| ZEROS,
                |block, panel, tile| {
                    let first = panel * COLUMNS;
                    let columns = COLUMNS.min(width - first);
                    let rows = output.chunks_exact_mut(hidden).skip(block * ROWS);
                    for (row, eight) in rows.zip(tile) {
                        row[query + first..][..columns].copy_from_slice(&numbers(eight)[..columns]);
                    }
                },
            );
        }
    }
}

/// Makes shares of the first `count` numbers of a row whose length is a multiple of eight, and zeros of the others.
fn softmax(row: &mut [f32], count: usize) {
    row[count..].fill(f32::NEG_INFINITY);
    let (fours, _) = row.as_chunks_mut::<4>();
    let max = fours.iter().fold(f32x4::splat(f32::NEG_INFINITY), |max, four| max.max(f32x4::new(*four)));
    let max = f32x4::splat(max.to_array().into_iter().fold(f32::NEG_INFINITY, f32::max));
    let mut sum = f32x4::ZERO;
    for four in &mut *fours {
        let share = exp(f32x4::new(*four) - max);
        sum += share;
        *four = share.to_array();
    }
    let scale = f32x4::splat(1.0 / sum.to_array().iter().sum::<f32>());
    for four in fours {
        *four = (f32x4::new(*four) * scale).to_array();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition, in double precision.
    fn plainly(heads: usize, input: &[f32], hidden: usize) -> Vec<f64> {
        let tokens = input.len() / hidden / 3;
        let width = hidden / heads;
        let at =
            |token: usize, which: usize, i: usize| f64::from(input[token * 3 * hidden + which * hidden + i]);
        let mut output = vec![0.0; tokens * hidden];
        for token in 0..tokens {
            for i in 0..hidden {
                let head = i / width * width;
                let shares: Vec<f64> = (0..tokens)
                    .map(|other| {
                        let score: f64 =
                            (head..head + width).map(|j| at(token, 0, j) * at(other, 1, j)).sum();
                        (score / (width as f64).sqrt()).exp()
                    })
                    .collect();
                let sum: f64 = shares.iter().sum();
                output[token * hidden + i] =
                    (0..tokens).map(|other| shares[other] / sum * at(other, 2, i)).sum();
            }
        }
        output
    }

    #[test]
    fn attention_is_what_its_definition_says() {
        let mut attention = Attention::default();
        for (tokens, heads, hidden) in [(1, 1, 4), (7, 3, 15), (8, 2, 16), (13, 2, 52)] {
            let input: Vec<f32> =
                (0..tokens * 3 * hidden).map(|i| ((i * 7919 % 1000) as f32 - 500.0) / 250.0).collect();
            let mut output = vec![f32::NAN; tokens * hidden];
            attention.apply(heads, &input, &mut output, hidden);
            for (near, exact) in output.iter().zip(plainly(heads, &input, hidden)) {
                assert!(
                    (f64::from(*near) - exact).abs() < 1e-5,
                    "{tokens} {heads} {hidden}: {near}, {exact}"
                );
            }
        }
    }
}
