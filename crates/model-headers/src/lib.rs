//! What a model is, read from the first bytes of its files: architecture, parameters, tensors and how their numbers are
//! stored. Knows safetensors (also in shards), GGUF and `config.json`; opens nothing itself, reads no weights.
//!
//! The files may come from anywhere, so every length and count in them is a claim: what is read has a limit, nothing is
//! allocated because a file says so, and the answer to a damaged one is a [`HeaderError`].

mod config;
mod error;
mod facts;
pub mod gguf;
mod inspection;
pub mod safetensors;
mod shards;
mod storage;
mod summary;
mod tensor;

pub use config::Config;
pub use error::{HeaderError, TensorFault};
pub use facts::Facts;
pub use inspection::{Format, Inspection, ListedFile, Weights};
pub use storage::{Class, Storage};
pub use summary::{Share, Summary};
pub use tensor::Tensor;
