//! The real model, compared with what another program computed (`scripts/reference-vectors`), and its passages.

// The lint knows test functions, but not the functions that they share.
#![allow(clippy::unwrap_used)]

mod passages;
mod reference;
mod session;

use std::fs;
use std::path::PathBuf;

use embedding::{Assembly, Config, Embedder, Vocabulary, pooling_file};

/// Where `scripts/model` puts it.
fn file(name: &str) -> Vec<u8> {
    let model =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models/sentence-transformers/all-MiniLM-L6-v2");
    fs::read(model.join(name))
        .unwrap_or_else(|error| panic!("{name}: {error}; ./scripts/setup fetches the model"))
}

fn config() -> Config {
    let pooling = pooling_file(&file("modules.json")).unwrap().unwrap();
    let modes = file(&pooling);
    let limits = file("sentence_bert_config.json");
    Config::read(&file("config.json"), Some((&pooling, &modes)), Some(&limits)).unwrap()
}

fn vocabulary() -> Vocabulary {
    Vocabulary::read(&config(), &file("tokenizer.json")).unwrap()
}

/// Assembled from chunks of this many bytes.
fn embedder(chunk: usize) -> Embedder {
    let mut weights = Assembly::new(config());
    for bytes in file("model.safetensors").chunks(chunk) {
        weights.push(bytes).unwrap();
    }
    Embedder::new(vocabulary(), weights).unwrap()
}
