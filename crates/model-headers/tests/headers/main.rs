//! What is read from the headers of models' files.

mod anatomy;
mod gguf;
mod made;
mod mutated;
mod safetensors;
