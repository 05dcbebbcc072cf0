//! Layer normalisation.

use std::collections::TryReserveError;

use super::linear::reserve;

#[derive(Debug)]
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    epsilon: f32,
}

/// Sums that are added up side by side.
const LANES: usize = 8;

impl Norm {
    pub(crate) fn zeroed(length: usize, epsilon: f32) -> Result<Self, TryReserveError> {
        Ok(Self { weight: reserve(length, 0.0)?, bias: reserve(length, 0.0)?, epsilon })
    }

    /// Adds `more` to each row of `rows`, then normalises it.
    pub(crate) fn add_and_apply(&self, rows: &mut [f32], more: &[f32]) {
        for (number, more) in rows.iter_mut().zip(more) {
            *number += more;
        }
        self.apply(rows);
    }

    /// Normalises each row to the mean 0 and the variance 1, then scales and moves it.
    pub(crate) fn apply(&self, rows: &mut [f32]) {
        let length = self.weight.len();
        for row in rows.chunks_exact_mut(length) {
            let mean = sum(row, |number| number) / length as f32;
            let variance = sum(row, |number| (number - mean) * (number - mean)) / length as f32;
            let scale = 1.0 / (variance + self.epsilon).sqrt();
            for ((number, weight), bias) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
                *number = (*number - mean) * scale * weight + bias;
            }
        }
    }
}

/// In lanes, which the compiler may not do by itself: it may not change the order of a sum.
#[inline(always)]
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, number) in sums.iter_mut().zip(chunk) {
            *sum += of(*number);
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|number| of(*number)).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_normalised_scaled_and_moved() {
        let mut norm = Norm::zeroed(11, 0.0).unwrap();
        norm.weight.fill(2.0);
        norm.bias.fill(3.0);
        let mut rows: Vec<f32> = (0..22).map(|i| (i % 11) as f32 / 2.0).collect();
        norm.add_and_apply(&mut rows, &(0..22).map(|i| (i % 11) as f32 / 2.0).collect::<Vec<_>>());
        // 0 to 10 have the mean 5 and the variance 10.
        for (i, number) in rows.iter().enumerate() {
            let expected = ((i % 11) as f32 - 5.0) / 10_f32.sqrt() * 2.0 + 3.0;
            assert!((number - expected).abs() < 1e-5);
        }
    }
}
