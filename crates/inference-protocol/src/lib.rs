//! Messages between a page and its inference worker (`postMessage`), each with its posted form.
//!
//! A page starts a dedicated worker from [`protocol::routes::INFERENCE_WORKER`] and posts one
//! [`ToInference::Load`]. After [`FromInference::Loaded`], it posts texts and queries as it likes. The
//! worker has one model, loaded once, and one text at a time. It answers while it works: it reads messages
//! between two batches of passages, about 100 ms apart.
//!
//! `terminate()` ends a worker and frees its memory at once. If the browser ends the program (the worker's
//! `error` event), no more answers come. The page then starts a new worker.
//!
//! This is a separate crate because pages need the messages, but must not depend on `embedding` and its
//! tokenizer.

mod failure;

pub use failure::{Feature, LoadFailure, TextFailure};

use std::fmt::Write as _;

use protocol::{ModelId, Revision, TextForm, text_form};

/// From the page to its inference worker.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ToInference {
    /// Load a model that is ready on this device. Answered by [`FromInference::Loading`] as it comes, and in the end
    /// by [`FromInference::Loaded`] or [`FromInference::Failed`]. A worker loads once; after a failure it may be asked
    /// again.
    Load { model: ModelId, revision: Revision },
    /// Split this text into passages and embed them. The text before it is let go, its job cancelled if it is not
    /// done. Answered by [`FromInference::Passages`] at once, [`FromInference::Progress`] after each batch, and in the
    /// end by one of [`FromInference::Indexed`], [`FromInference::Cancelled`], [`FromInference::IndexFailed`].
    Index {
        /// The page's number for it, which every answer bears.
        job: u32,
        text: String,
    },
    /// Stop embedding. What was embedded until then can still be searched. Answered by [`FromInference::Cancelled`],
    /// unless the job had come to its end, or is not known.
    Cancel { job: u32 },
    /// Search the passages of this job that are embedded by now, also while the others are not. Answered by
    /// [`FromInference::Hits`] or [`FromInference::QueryFailed`], except when a newer query has come before: that one
    /// alone is answered.
    Query {
        /// The text to search.
        job: u32,
        /// The page's number for it, which the answer bears.
        number: u32,
        /// How many hits are wanted at most.
        limit: u32,
        text: String,
    },
}

/// From an inference worker to its page.
#[derive(Clone, Debug, PartialEq)]
pub enum FromInference {
    /// So many bytes of the model's files are in memory, of so many.
    Loading { loaded: u64, total: u64 },
    /// Texts and queries can come.
    Loaded {
        /// Tokens that fit into a passage, with the two that mark its ends.
        max_tokens: u32,
        /// Length of each vector.
        dimensions: u32,
    },
    /// The model cannot be used.
    Failed(LoadFailure),
    /// The text was split like this. Passages do not overlap, are in the order of the text, and leave out only white
    /// space. The index of a passage in this list is its number in [`Hit`].
    Passages { job: u32, spans: Vec<Span> },
    /// So many passages can be searched, of so many: the first ones of the text.
    Progress { job: u32, done: u32, total: u32 },
    /// All passages can be searched.
    Indexed { job: u32 },
    /// The job was cancelled, by [`ToInference::Cancel`] or by the next [`ToInference::Index`].
    Cancelled { job: u32 },
    /// The job could not be done.
    IndexFailed { job: u32, failure: TextFailure },
    /// What was found, best first.
    Hits {
        job: u32,
        number: u32,
        /// How many passages were embedded at that time. If that was not all, better ones may come: ask again after
        /// [`FromInference::Indexed`], which costs nothing for a query whose text has not changed.
        searched: u32,
        hits: Vec<Hit>,
    },
    /// The query could not be answered.
    QueryFailed { number: u32, failure: TextFailure },
}

/// Where a passage is in its text, in the two units that programs count in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    /// First byte, of UTF-8.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// First code unit of UTF-16, as JavaScript counts.
    pub start_utf16: u32,
    /// Code unit after the last.
    pub end_utf16: u32,
}

/// A passage that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Its index in [`FromInference::Passages`].
    pub passage: u32,
    /// Cosine of the angle between its vector and the query's: 1 for the same meaning, around 0 for none in common.
    pub similarity: f32,
}

// The first word carries the version of this vocabulary.
text_form! { ToInference, "modelferry-inference-1 ":
    "load " revision ' ' ..model => { Self::Load { model, revision } }
    "index " job '\n' ..text => { Self::Index { job, text } }
    "cancel " ..job => { Self::Cancel { job } }
    "query " job ' ' number ' ' limit '\n' ..text => { Self::Query { job, number, limit, text } }
}

text_form! { FromInference, "modelferry-inference-1 ":
    "loading " loaded ' ' ..total => { Self::Loading { loaded, total } }
    "loaded " max_tokens ' ' ..dimensions => { Self::Loaded { max_tokens, dimensions } }
    "failed " ..failure => { Self::Failed(failure) }
    "passages " job '\n' ..spans => { Self::Passages { job, spans } }
    "progress " job ' ' done ' ' ..total => { Self::Progress { job, done, total } }
    "indexed " ..job => { Self::Indexed { job } }
    "cancelled " ..job => { Self::Cancelled { job } }
    "index-failed " job ' ' ..failure => { Self::IndexFailed { job, failure } }
    "hits " job ' ' number ' ' searched '\n' ..hits => { Self::Hits { job, number, searched, hits } }
    "query-failed " number ' ' ..failure => { Self::QueryFailed { number, failure } }
}

text_form! { Span, "":
    "" start ' ' end ' ' start_utf16 ' ' ..end_utf16 => { Self { start, end, start_utf16, end_utf16 } }
}

/// What a similarity is multiplied by to be posted as a whole number: pages would need 10 KB of tables to read what Rust
/// writes for an f32.
const MILLION: f32 = 1e6;

impl TextForm for Hit {
    fn write_text(&self, text: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{} {}", self.passage, (self.similarity * MILLION).round() as i32);
    }

    fn from_text(text: &str) -> Option<Self> {
        let (passage, millionths) = text.split_once(' ')?;
        let millionths: i32 = millionths.parse().ok()?;
        Some(Self { passage: passage.parse().ok()?, similarity: millionths as f32 / MILLION })
    }
}

#[cfg(test)]
mod tests;
