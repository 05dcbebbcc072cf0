//! The encoder of Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers" (2018), from token ids to one
//! vector for each token.

use std::collections::TryReserveError;

use super::activation::{gelu, gelu_tanh, relu};
use super::attention::Attention;
use super::linear::{Linear, reserve};
use super::norm::Norm;
use super::part::{Kind, Of, Part};
use super::product::Blocks;
use crate::config::{Activation, Config};

/// All parameters, once.
#[derive(Debug)]
pub(crate) struct Bert {
    words: Vec<f32>,
    positions: Vec<f32>,
    types: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    /// Query, key and value are one matrix: what goes in is the same.
    attend: Linear,
    output: Linear,
    output_norm: Norm,
    up: Linear,
    down: Linear,
    down_norm: Norm,
}

/// Memory that is used again for each batch.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    blocks: Blocks,
    attention: Attention,
    /// One row for each token of all passages, one passage after the other; the result, in the end.
    rows: Vec<f32>,
    wide: Vec<f32>,
    narrow: Vec<f32>,
}

impl Bert {
    pub(crate) fn zeroed(config: &Config) -> Result<Self, TryReserveError> {
        let (hidden, inner) = (config.hidden, config.intermediate);
        let layer = |_| {
            Ok::<_, TryReserveError>(Layer {
                attend: Linear::zeroed(hidden, 3 * hidden)?,
                output: Linear::zeroed(hidden, hidden)?,
                output_norm: Norm::zeroed(hidden, config.epsilon)?,
                up: Linear::zeroed(hidden, inner)?,
                down: Linear::zeroed(inner, hidden)?,
                down_norm: Norm::zeroed(hidden, config.epsilon)?,
            })
        };
        Ok(Self {
            words: reserve(config.vocabulary * hidden, 0.0)?,
            positions: reserve(config.positions * hidden, 0.0)?,
            types: reserve(config.types * hidden, 0.0)?,
            norm: Norm::zeroed(hidden, config.epsilon)?,
            layers: (0..config.layers).map(layer).collect::<Result<_, _>>()?,
        })
    }

    /// Takes numbers of one tensor, from number `at` on.
    pub(crate) fn put(&mut self, part: Part, at: usize, numbers: &[f32]) {
        let copy = |to: &mut Vec<f32>| to[at..at + numbers.len()].copy_from_slice(numbers);
        match part {
            Part::Words => copy(&mut self.words),
            Part::Positions => copy(&mut self.positions),
            Part::Types => copy(&mut self.types),
            Part::Norm(Kind::Weight) => copy(&mut self.norm.weight),
            Part::Norm(Kind::Bias) => copy(&mut self.norm.bias),
            Part::Layer(layer, of, kind) => {
                let hidden = self.norm.weight.len();
                let layer = &mut self.layers[layer];
                let (linear, first_output) = match (of, kind) {
                    (Of::OutputNorm, Kind::Weight) => return copy(&mut layer.output_norm.weight),
                    (Of::OutputNorm, Kind::Bias) => return copy(&mut layer.output_norm.bias),
                    (Of::DownNorm, Kind::Weight) => return copy(&mut layer.down_norm.weight),
                    (Of::DownNorm, Kind::Bias) => return copy(&mut layer.down_norm.bias),
                    (Of::Query, Kind::Weight | Kind::Bias) => (&mut layer.attend, 0),
                    (Of::Key, Kind::Weight | Kind::Bias) => (&mut layer.attend, hidden),
                    (Of::Value, Kind::Weight | Kind::Bias) => (&mut layer.attend, 2 * hidden),
                    (Of::Output, Kind::Weight | Kind::Bias) => (&mut layer.output, 0),
                    (Of::Up, Kind::Weight | Kind::Bias) => (&mut layer.up, 0),
                    (Of::Down, Kind::Weight | Kind::Bias) => (&mut layer.down, 0),
                };
                match kind {
                    // Only the first three are one of several in their matrix, and those have `hidden` inputs.
                    Kind::Weight => linear.put_weights(first_output * hidden + at, numbers),
                    Kind::Bias => linear.put_bias(first_output + at, numbers),
                }
            }
        }
    }

    /// Computes one row for each token. `ids` are those of all passages, one after the other, and every one is in the
    /// vocabulary; `lengths` are those of the passages, none longer than there are positions.
    pub(crate) fn apply<'a>(
        &self,
        config: &Config,
        ids: &[u32],
        lengths: &[usize],
        scratch: &'a mut Scratch,
    ) -> &'a [f32] {
        let (hidden, tokens) = (config.hidden, ids.len());
        let Scratch { blocks, attention, rows, wide, narrow } = scratch;
        self.embed(hidden, ids, lengths, rows);
        narrow.resize(tokens * hidden, 0.0);
        for layer in &self.layers {
            blocks.pack(tokens, hidden, hidden, rows);
            wide.resize(tokens * 3 * hidden, 0.0);
            layer.attend.apply(blocks, wide, |x| x);
            let mut first = 0;
            for length in lengths {
                let input = &wide[first * 3 * hidden..][..length * 3 * hidden];
                let output = &mut narrow[first * hidden..][..length * hidden];
                attention.apply(config.heads, input, output, hidden);
                first += length;
            }
            blocks.pack(tokens, hidden, hidden, narrow);
            layer.output.apply(blocks, narrow, |x| x);
            layer.output_norm.add_and_apply(rows, narrow);

            blocks.pack(tokens, hidden, hidden, rows);
            wide.resize(tokens * config.intermediate, 0.0);
            match config.activation {
                Activation::Gelu => layer.up.apply(blocks, wide, gelu),
                Activation::GeluTanh => layer.up.apply(blocks, wide, gelu_tanh),
                Activation::Relu => layer.up.apply(blocks, wide, relu),
            }
            blocks.pack(tokens, config.intermediate, config.intermediate, wide);
            layer.down.apply(blocks, narrow, |x| x);
            layer.down_norm.add_and_apply(rows, narrow);
        }
        rows
    }

    fn embed(&self, hidden: usize, ids: &[u32], lengths: &[usize], rows: &mut Vec<f32>) {
        rows.clear();
        for (id, position) in ids.iter().zip(lengths.iter().flat_map(|length| 0..*length)) {
            let word = &self.words[*id as usize * hidden..][..hidden];
            let position = &self.positions[position * hidden..][..hidden];
            rows.extend(word.iter().zip(position).zip(&self.types).map(|((w, p), t)| w + t + p));
        }
        self.norm.apply(rows);
    }
}
