//! Splits a text into passages: a few neighbouring sentences of one paragraph each, short enough to say one thing, and
//! never longer than the model takes.

use std::collections::VecDeque;
use std::ops::Range;

use inference_protocol::{Span, TextFailure};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::Vocabulary;

/// Sentences are put together up to so many tokens. A vector of more says less of each; one of a single short sentence
/// misses what it refers to.
const ENOUGH_TOKENS: usize = 64;

/// What has no end of a sentence for so many bytes is cut where it has white space, before it is looked at closely.
const LONGEST_SENTENCE: usize = 4096;

/// The passages of one text, one at a time, because a long text takes a while.
#[derive(Debug, Default)]
pub struct Passages {
    /// Bytes of the text that have been given out as passages, or left out as white space, or wait.
    read: usize,
    /// Sentences that were read and belong to no passage yet, with the number of their tokens, and whether a paragraph
    /// ends before.
    waiting: VecDeque<Sentence>,
    /// How far it has been counted in both units.
    counted: (usize, usize),
}

#[derive(Debug)]
struct Sentence {
    bytes: Range<usize>,
    tokens: usize,
    opens_paragraph: bool,
}

impl Passages {
    /// The next passage of the text, which must be the same one each time; `None` after the last.
    ///
    /// # Errors
    /// When the tokenizer does not take the text.
    pub fn next(&mut self, vocabulary: &Vocabulary, text: &str) -> Result<Option<Span>, TextFailure> {
        let enough = ENOUGH_TOKENS.min(vocabulary.room());
        if !self.fill(vocabulary, text)? {
            return Ok(None);
        }
        let Some(mut passage) = self.waiting.pop_front() else {
            return Ok(None);
        };
        while self.fill(vocabulary, text)? {
            let Some(next) = self.waiting.front() else { break };
            if next.opens_paragraph || passage.tokens + next.tokens > enough {
                break;
            }
            passage.tokens += next.tokens;
            passage.bytes.end = next.bytes.end;
            self.waiting.pop_front();
        }
        Ok(Some(self.span(text, passage.bytes)))
    }

    /// Reads on until a sentence waits; false at the end of the text.
    fn fill(&mut self, vocabulary: &Vocabulary, text: &str) -> Result<bool, TextFailure> {
        while self.waiting.is_empty() && self.read < text.len() {
            let rest = &text[self.read..];
            let white = rest.len() - rest.trim_start().len();
            let opens_paragraph = is_paragraph_end(&rest[..white]);
            let start = self.read + white;
            let sentence = first_sentence(&rest[white..]);
            self.read = start + sentence.len();
            let sentence = sentence.trim_end();
            if sentence.is_empty() {
                continue;
            }
            let tokens = vocabulary.count(sentence)?;
            if tokens <= vocabulary.room() {
                let bytes = start..start + sentence.len();
                self.waiting.push_back(Sentence { bytes, tokens, opens_paragraph });
                continue;
            }
            for (i, part) in vocabulary.cut(sentence)?.into_iter().enumerate() {
                let inner = sentence[part.clone()].trim();
                if inner.is_empty() {
                    continue;
                }
                let white = sentence[part.clone()].len() - sentence[part.clone()].trim_start().len();
                let from = start + part.start + white;
                self.waiting.push_back(Sentence {
                    bytes: from..from + inner.len(),
                    tokens: vocabulary.count(inner)?,
                    opens_paragraph: opens_paragraph && i == 0,
                });
            }
        }
        // White space at the end of what was read may end a paragraph: it is left for the next sentence.
        Ok(!self.waiting.is_empty())
    }

    fn span(&mut self, text: &str, bytes: Range<usize>) -> Span {
        let utf16 = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
        let (before, units) = self.counted;
        let start = units + utf16(&text[before..bytes.start]);
        let end = start + utf16(&text[bytes.clone()]);
        self.counted = (bytes.end, end);
        // A text that can be posted has less than 2^32 of either.
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span {
            start: number(bytes.start),
            end: number(bytes.end),
            start_utf16: number(start),
            end_utf16: number(end),
        }
    }
}

/// White space with an empty line.
fn is_paragraph_end(white: &str) -> bool {
    white.matches(['\n', '\u{2029}']).count() > 1 || white.matches('\r').count() > 1
}

/// Up to the end of the first sentence (Unicode Standard Annex 29, section 5), or of the first line, without white space
/// that follows the line.
fn first_sentence(text: &str) -> &str {
    let line = text.split(['\n', '\r', '\u{2028}', '\u{2029}']).next().unwrap_or(text);
    let line = match line.char_indices().find(|(at, _)| *at >= LONGEST_SENTENCE) {
        Some((limit, _)) => {
            let cut = line[..limit].rfind(char::is_whitespace).filter(|cut| *cut > 0).unwrap_or(limit);
            &line[..cut]
        }
        None => line,
    };
    line.split_sentence_bounds().next().unwrap_or(line)
}
