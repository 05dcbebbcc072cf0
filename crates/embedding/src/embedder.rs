//! A model in memory, with its tokenizer.

use inference_protocol::{LoadFailure, TextFailure};

use crate::model::{Bert, Scratch};
use crate::{Assembly, Config, Pooling, Tokens, Vocabulary};

/// Makes vectors of texts. Vectors have the length 1, so that the product of two is the cosine of their angle.
#[derive(Debug)]
pub struct Embedder {
    config: Config,
    vocabulary: Vocabulary,
    bert: Bert,
    scratch: Scratch,
}

impl Embedder {
    /// Puts it together, when all bytes have been pushed.
    ///
    /// # Errors
    /// When bytes of the weights are missing.
    pub fn new(vocabulary: Vocabulary, weights: Assembly) -> Result<Self, LoadFailure> {
        let config = *weights.config();
        Ok(Self { config, vocabulary, bert: weights.finish()?, scratch: Scratch::default() })
    }

    /// What is known of the model.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its tokenizer.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The vectors of these passages, one after the other, [`Config::hidden`] numbers each.
    #[must_use]
    pub fn embed(&mut self, passages: &[Tokens]) -> Vec<f32> {
        let ids: Vec<u32> = passages.iter().flat_map(Tokens::ids).copied().collect();
        let lengths: Vec<usize> = passages.iter().map(|passage| passage.ids().len()).collect();
        let hidden = self.config.hidden;
        let mut rows = self.bert.apply(&self.config, &ids, &lengths, &mut self.scratch);
        let mut vectors = Vec::with_capacity(passages.len() * hidden);
        for length in lengths {
            let (now, later) = rows.split_at(length * hidden);
            let start = vectors.len();
            vectors.extend_from_slice(&now[..hidden]);
            let vector = &mut vectors[start..];
            match self.config.pooling {
                // The length of a vector is made 1 afterwards: the sum does as well as the mean.
                Pooling::Mean => {
                    for row in now.chunks_exact(hidden).skip(1) {
                        vector.iter_mut().zip(row).for_each(|(sum, number)| *sum += number);
                    }
                }
                Pooling::First => {}
            }
            normalise(vector);
            rows = later;
        }
        vectors
    }

    /// The vector of one text.
    ///
    /// # Errors
    /// When there is nothing in it, or the tokenizer does not take it.
    pub fn embed_text(&mut self, text: &str) -> Result<Vec<f32>, TextFailure> {
        if text.trim().is_empty() {
            return Err(TextFailure::Empty);
        }
        let tokens = self.vocabulary.encode(text)?;
        Ok(self.embed(&[tokens]))
    }
}

fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|number| *number /= length);
    }
}
