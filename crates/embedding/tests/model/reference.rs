//! Vectors.

use embedding::{Assembly, Tokens};
use inference_protocol::{LoadFailure, TextFailure};

use crate::{config, embedder, file, vocabulary};

const SENTENCES: &str = include_str!("../reference/sentences.txt");
const VECTORS: &[u8] = include_bytes!("../reference/vectors.f32");

fn sentences() -> Vec<&'static str> {
    SENTENCES.trim_end_matches('\n').split('\n').collect()
}

fn vectors() -> Vec<Vec<f32>> {
    let numbers: Vec<f32> = VECTORS.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    numbers.chunks(384).map(<[f32]>::to_vec).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[test]
fn vectors_are_those_of_another_program() {
    // Chunks whose borders are inside of numbers.
    let mut embedder = embedder(65_537);
    let (sentences, vectors) = (sentences(), vectors());
    assert_eq!((sentences.len(), vectors.len()), (50, 50));
    for (sentence, vector) in sentences.iter().zip(&vectors) {
        let cosine = cosine(&embedder.embed_text(sentence).unwrap(), vector);
        // 1e-3 would do to search. More would mean that something is computed that should not be.
        assert!((1.0 - cosine).abs() < 1e-5, "{cosine} for {sentence:?}");
    }
}

#[test]
fn a_vector_does_not_depend_on_what_is_computed_beside_it() {
    let mut embedder = embedder(1 << 20);
    let tokens: Vec<Tokens> =
        sentences().iter().take(45).map(|sentence| embedder.vocabulary().encode(sentence).unwrap()).collect();
    let together = embedder.embed(&tokens);
    for (tokens, together) in tokens.iter().zip(together.chunks(384)) {
        assert_eq!(embedder.embed(std::slice::from_ref(tokens)), together);
    }
}

#[test]
fn texts_that_are_too_long_are_cut_and_empty_ones_refused() {
    let mut embedder = embedder(1 << 20);
    let long = "word ".repeat(1000);
    assert_eq!(embedder.vocabulary().encode(&long).unwrap().ids().len(), 256);
    assert_eq!(embedder.embed_text(&long).unwrap(), embedder.embed_text(&"word ".repeat(254)).unwrap());
    assert_eq!(embedder.embed_text(" \n\t "), Err(TextFailure::Empty));
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let damage = |change: fn(&mut Vec<u8>)| {
        let mut bytes = file("model.safetensors");
        change(&mut bytes);
        let mut weights = Assembly::new(config());
        weights.push(&bytes).and_then(|()| embedding::Embedder::new(vocabulary(), weights).map(drop))
    };
    let edit = |from: &'static str, to: &'static str| {
        let mut bytes = file("model.safetensors");
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        Assembly::new(config()).push(&bytes)
    };
    let is_damage = |result: Result<(), LoadFailure>| matches!(result, Err(LoadFailure::Damaged { .. }));
    assert_eq!(damage(|_| {}), Ok(()));
    assert!(is_damage(damage(|bytes| bytes.truncate(90_000_000))));
    assert!(is_damage(damage(|bytes| bytes.truncate(100))));
    assert!(is_damage(damage(|bytes| bytes[6] = 1)));
    assert!(is_damage(edit("embeddings.word", "embeddings.w0rd")));
    assert!(is_damage(edit("\"shape\":[384]", "\"shape\":[385]")));
    assert!(matches!(edit("F32", "U32"), Err(LoadFailure::Unsupported { .. })));
}
