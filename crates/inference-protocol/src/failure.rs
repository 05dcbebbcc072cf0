//! Why a model cannot be used, or a text not be read.

use protocol::text_form;
use thiserror::Error;

/// Why a model cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum LoadFailure {
    /// The program of the worker itself could not be loaded, which needs the server, or the service worker offline.
    #[error("the inference program could not be loaded: {0}")]
    Program(String),
    /// The model is not, or not wholly, on this device. Download it, then load again.
    #[error("the model is not wholly on this device")]
    NotReady,
    /// The model has no such file, and is no sentence-embedding model therefore.
    #[error("the model has no {0}")]
    Missing(String),
    /// The model is of a kind that this worker does not compute.
    #[error("not supported: {found}")]
    Unsupported {
        feature: Feature,
        /// What the model has, in its own words.
        found: String,
    },
    /// This file contradicts itself or the others.
    #[error("{file} is damaged: {detail}")]
    Damaged { file: String, detail: String },
    /// The device has not enough memory for it.
    #[error("there is not enough memory for the model")]
    NoMemory,
    /// The store could not be read; the browser's own words.
    #[error("the store could not be read: {0}")]
    Storage(String),
    /// This worker has a model already.
    #[error("a model is loaded already")]
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
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum TextFailure {
    /// No model is loaded yet.
    #[error("no model is loaded")]
    NotLoaded,
    /// There is no passage in it: it is empty or white space.
    #[error("there is nothing but white space")]
    Empty,
    /// The text of that job is not here, or not any more.
    #[error("that text is not indexed")]
    UnknownJob,
    /// The tokenizer does not take it; in its own words.
    #[error("the tokenizer failed: {0}")]
    Tokenizer(String),
    /// The device has not enough memory for it.
    #[error("there is not enough memory")]
    NoMemory,
}

text_form! { LoadFailure, "":
    "program " ..detail => { Self::Program(detail) }
    "not-ready" => { Self::NotReady }
    "missing " ..file => { Self::Missing(file) }
    "unsupported " feature ' ' ..found => { Self::Unsupported { feature, found } }
    "damaged " file '\n' ..detail => { Self::Damaged { file, detail } }
    "no-memory" => { Self::NoMemory }
    "storage " ..detail => { Self::Storage(detail) }
    "already-loaded" => { Self::AlreadyLoaded }
}

text_form! { Feature, "":
    "architecture" => { Self::Architecture }
    "positions" => { Self::Positions }
    "activation" => { Self::Activation }
    "pooling" => { Self::Pooling }
    "module" => { Self::Module }
    "number-type" => { Self::NumberType }
    "tokenizer" => { Self::Tokenizer }
}

text_form! { TextFailure, "":
    "not-loaded" => { Self::NotLoaded }
    "empty" => { Self::Empty }
    "unknown-job" => { Self::UnknownJob }
    "tokenizer " ..detail => { Self::Tokenizer(detail) }
    "no-memory" => { Self::NoMemory }
}
