//! A layer that multiplies by a matrix and adds a bias.

use std::collections::TryReserveError;

use wide::f32x4;

use super::product::{Blocks, COLUMNS, Eight, ROWS, ZEROS, multiply, numbers};

/// The matrix as panels, put together while its numbers come: there is no other copy.
#[derive(Debug)]
pub(crate) struct Linear {
    inputs: usize,
    outputs: usize,
    panels: Vec<Eight>,
    bias: Vec<Eight>,
}

/// Memory that is there or not: a browser would end the program instead.
pub(crate) fn reserve<T: Clone>(length: usize, with: T) -> Result<Vec<T>, TryReserveError> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(length)?;
    vec.resize(length, with);
    Ok(vec)
}

impl Linear {
    pub(crate) fn zeroed(inputs: usize, outputs: usize) -> Result<Self, TryReserveError> {
        let panels = outputs.div_ceil(COLUMNS);
        Ok(Self { inputs, outputs, panels: reserve(panels * inputs, ZEROS)?, bias: reserve(panels, ZEROS)? })
    }

    /// Takes numbers of the matrix as it is stored, one row of inputs for each output, from number `at` on.
    pub(crate) fn put_weights(&mut self, at: usize, mut numbers: &[f32]) {
        let mut at = at;
        while !numbers.is_empty() {
            let (output, input) = (at / self.inputs, at % self.inputs);
            let (now, later) = numbers.split_at(numbers.len().min(self.inputs - input));
            let panel = &mut self.panels[output / COLUMNS * self.inputs + input..][..now.len()];
            let (half, lane) = (output % COLUMNS / 4, output % 4);
            for (cell, number) in panel.iter_mut().zip(now) {
                cell[half].as_mut_array()[lane] = *number;
            }
            at += now.len();
            numbers = later;
        }
    }

    pub(crate) fn put_bias(&mut self, at: usize, numbers: &[f32]) {
        for (output, number) in (at..).zip(numbers) {
            self.bias[output / COLUMNS][output % COLUMNS / 4].as_mut_array()[output % 4] = *number;
        }
    }

    /// Computes for packed rows, passes each number through `then`, and writes rows of outputs one after the other.
    pub(crate) fn apply(&self, input: &Blocks, output: &mut [f32], then: impl Fn(f32x4) -> f32x4) {
        multiply(
            input,
            &self.panels,
            |panel| self.bias[panel],
            |block, panel, tile| {
                let first = panel * COLUMNS;
                let width = COLUMNS.min(self.outputs - first);
                let rows = output.chunks_exact_mut(self.outputs).skip(block * ROWS);
                for (row, [low, high]) in rows.zip(tile) {
                    let numbers = numbers([then(low), then(high)]);
                    if let Some(whole) = row[first..].first_chunk_mut() {
                        *whole = numbers;
                    } else {
                        row[first..first + width].copy_from_slice(&numbers[..width]);
                    }
                }
            },
        );
    }
}
