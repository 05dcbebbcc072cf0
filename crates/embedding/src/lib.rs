//! Sentence embedding with BERT models: from the files of a model and a text to passages, their vectors, and search.
//!
//! Made for WebAssembly with SIMD, and the same everywhere else: [`Embedder`] is a model in memory, [`Assembly`] makes
//! one out of bytes as they come, [`Session`] decides what is computed next for a page that asks for several things.
//!
//! **Architecture Invariant:** nothing here does I/O, reads a clock or knows a `JsValue`.

mod assembly;
mod batch;
mod config;
mod embedder;
mod index;
mod model;
mod passages;
mod safetensors;
mod session;
mod vocabulary;

pub use assembly::Assembly;
pub use config::{Activation, Config, Pooling, pooling_file};
pub use embedder::Embedder;
pub use index::Index;
pub use passages::Passages;
pub use session::Session;
pub use vocabulary::{Tokens, Vocabulary};
