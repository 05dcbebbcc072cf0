//! What is read from the headers of models' files.

mod gguf;
mod inspection;
mod made;
mod mutated;
mod safetensors;
