//! What a page and its inference worker say to each other by `postMessage`; the posted form is in `inference/text.rs`.
//!
//! A page makes a dedicated worker of [`crate::routes::INFERENCE_WORKER`], posts one [`ToInference::Load`], and when
//! [`FromInference::Loaded`] has come, texts and queries as it likes. The worker holds one model, once, and one text at
//! a time. It answers while it works: between two batches of passages, some 100 ms apart, it looks at what was posted.
//!
//! A worker that is not needed is ended with `terminate()`, which gives back its memory at once. If the browser ends
//! the program (`error` event of the worker), nothing more comes, and the page makes a new one.

mod text;

use std::fmt;

use crate::{ModelId, Revision};

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

/// Why a model cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LoadFailure {
    /// The program of the worker itself could not be loaded, which needs the server, or the service worker offline.
    Program(String),
    /// The model is not, or not wholly, on this device. Download it, then load again.
    NotReady,
    /// The model has no such file, and is no sentence-embedding model therefore.
    Missing(String),
    /// The model is of a kind that this worker does not compute.
    Unsupported {
        feature: Feature,
        /// What the model has, in its own words.
        found: String,
    },
    /// This file contradicts itself or the others.
    Damaged { file: String, detail: String },
    /// The device has not enough memory for it.
    NoMemory,
    /// The store could not be read; the browser's own words.
    Storage(String),
    /// This worker has a model already.
    AlreadyLoaded,
}

/// What a model may have that is not computed here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Feature {
    /// Another architecture than BERT.
    Architecture,
    /// Another way to tell positions than a table of them.
    Positions,
    /// Another activation than GELU in its two forms and ReLU.
    Activation,
    /// Another way to make one vector of all tokens than their mean or the first.
    Pooling,
    /// A further step after the pooling.
    Module,
    /// Numbers of another type than 16 or 32 bit floating point.
    NumberType,
    /// A tokenizer of a kind that is not known.
    Tokenizer,
}

/// Why a text or a query was not embedded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TextFailure {
    /// No model is loaded yet.
    NotLoaded,
    /// There is no passage in it: it is empty or white space.
    Empty,
    /// The text of that job is not here, or not any more.
    UnknownJob,
    /// The tokenizer does not take it; in its own words.
    Tokenizer(String),
    /// The device has not enough memory for it.
    NoMemory,
}

impl fmt::Display for LoadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(detail) => write!(f, "the inference program could not be loaded: {detail}"),
            Self::NotReady => write!(f, "the model is not wholly on this device"),
            Self::Missing(file) => write!(f, "the model has no {file}"),
            Self::Unsupported { feature, found } => write!(f, "not supported: {feature} {found}"),
            Self::Damaged { file, detail } => write!(f, "{file} is damaged: {detail}"),
            Self::NoMemory => write!(f, "there is not enough memory for the model"),
            Self::Storage(detail) => write!(f, "the store could not be read: {detail}"),
            Self::AlreadyLoaded => write!(f, "a model is loaded already"),
        }
    }
}

impl std::error::Error for LoadFailure {}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Architecture => "the architecture",
            Self::Positions => "the position embeddings",
            Self::Activation => "the activation",
            Self::Pooling => "the pooling",
            Self::Module => "the module",
            Self::NumberType => "the number type",
            Self::Tokenizer => "the tokenizer",
        })
    }
}

impl fmt::Display for TextFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoaded => write!(f, "no model is loaded"),
            Self::Empty => write!(f, "there is nothing but white space"),
            Self::UnknownJob => write!(f, "that text is not indexed"),
            Self::Tokenizer(detail) => write!(f, "the tokenizer failed: {detail}"),
            Self::NoMemory => write!(f, "there is not enough memory"),
        }
    }
}

impl std::error::Error for TextFailure {}
