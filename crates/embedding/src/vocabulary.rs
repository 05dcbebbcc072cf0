//! The tokenizer of a model: text to token ids.

use std::ops::Range;

use inference_protocol::{Feature, LoadFailure, TextFailure};
use tokenizers::Tokenizer;
use tokenizers::tokenizer::Error;

use crate::Config;

/// The ids of one passage or query, with those that mark its ends; at least one, and no more than a passage may have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tokens(Vec<u32>);

impl Tokens {
    /// The ids.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.0
    }
}

/// A tokenizer that fits its model.
#[derive(Debug)]
pub struct Vocabulary {
    tokenizer: Tokenizer,
    /// How many ids the model knows.
    size: u32,
    max_tokens: usize,
    /// Tokens that are added to each passage.
    marks: usize,
}

fn words(error: &Error) -> String {
    error.to_string()
}

impl Vocabulary {
    /// Reads the bytes of `tokenizer.json`. What that says about cutting and filling up is for other uses.
    ///
    /// # Errors
    /// When the tokenizer is of a kind that is not known, or needs more ids than the model has.
    pub fn read(config: &Config, json: &[u8]) -> Result<Self, LoadFailure> {
        let damaged = |detail: String| LoadFailure::Damaged { file: "tokenizer.json".to_owned(), detail };
        let unsupported =
            |error: &Error| LoadFailure::Unsupported { feature: Feature::Tokenizer, found: words(error) };
        if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(json) {
            return Err(damaged(error.to_string()));
        }
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(|error| unsupported(&error))?;
        tokenizer.with_truncation(None).map_err(|error| unsupported(&error))?;
        tokenizer.with_padding(None);
        let largest = tokenizer.get_vocab(true).into_values().max().unwrap_or(0) as usize;
        if largest >= config.vocabulary {
            return Err(damaged(format!("token {largest}, where the model knows {}", config.vocabulary)));
        }
        let marks = tokenizer.encode("", true).map_err(|error| unsupported(&error))?.len();
        if marks * 2 >= config.max_tokens {
            return Err(damaged(format!("{marks} marks around each passage")));
        }
        let size = u32::try_from(config.vocabulary).unwrap_or(u32::MAX);
        Ok(Self { tokenizer, size, max_tokens: config.max_tokens, marks })
    }

    /// Most tokens of a passage's own.
    #[must_use]
    pub fn room(&self) -> usize {
        self.max_tokens - self.marks
    }

    /// The tokens of a text. Of one that is too long, the beginning counts.
    ///
    /// # Errors
    /// When the tokenizer does not take the text.
    pub fn encode(&self, text: &str) -> Result<Tokens, TextFailure> {
        let mut encoding = self.tokenizer.encode(text, true).map_err(|error| failed(&error))?;
        if encoding.len() > self.max_tokens {
            // As the library does it: the text is cut, then the marks are set.
            encoding = self.tokenizer.encode(text, false).map_err(|error| failed(&error))?;
            encoding.truncate(self.room(), 0, tokenizers::TruncationDirection::Right);
            encoding = self.tokenizer.post_process(encoding, None, true).map_err(|error| failed(&error))?;
        }
        // Checked when the vocabulary was read; but the tables of the model are entered with these.
        let ids: Vec<u32> = encoding.get_ids().iter().map(|id| (*id).min(self.size - 1)).collect();
        match ids.is_empty() {
            true => Err(TextFailure::Empty),
            false => Ok(Tokens(ids)),
        }
    }

    /// How many tokens of its own a text has.
    pub(crate) fn count(&self, text: &str) -> Result<usize, TextFailure> {
        Ok(self.tokenizer.encode_fast(text, false).map_err(|error| failed(&error))?.len())
    }

    /// Where to cut a text that has too many tokens: as few parts as there can be, none of them too long, cut between
    /// words where a word is not too long itself. In bytes.
    pub(crate) fn cut(&self, text: &str) -> Result<Vec<Range<usize>>, TextFailure> {
        let encoding = self.tokenizer.encode(text, false).map_err(|error| failed(&error))?;
        let (words, offsets) = (encoding.get_word_ids(), encoding.get_offsets());
        let (mut parts, mut start, mut first) = (Vec::new(), 0, 0);
        while words.len() - first > self.room() {
            let limit = first + self.room();
            // The last token that begins a word, before which everything fits.
            let cut = (first + 1..=limit).rev().find(|i| words[*i] != words[*i - 1]).unwrap_or(limit);
            let mut end = offsets[cut].0;
            // Several tokens may be of one character.
            while !text.is_char_boundary(end) {
                end += 1;
            }
            if end > start {
                parts.push(start..end);
                start = end;
            }
            first = cut;
        }
        parts.push(start..text.len());
        Ok(parts)
    }
}

fn failed(error: &Error) -> TextFailure {
    TextFailure::Tokenizer(words(error))
}
