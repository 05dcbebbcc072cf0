//! Headers that chance makes out of seeds: whatever comes, there is an answer, and it does not contradict the file.

use crate::made::{Gguf, llama, safetensors};
use model_headers::{Config, Tensor, gguf};
use mutation::{Chance, rounds};

const ROUNDS: u64 = 20_000;

/// No tensor has more bytes than its file.
fn fits(tensors: &[Tensor], size: usize) {
    let bytes: u64 = tensors.iter().filter_map(|tensor| tensor.bytes).max().unwrap_or(0);
    assert!(bytes <= size as u64, "{tensors:?}");
}

#[test]
fn safetensors_of_any_form_are_answered() {
    let seeds: Vec<&str> = include_str!("seeds/safetensors.txt").lines().collect();
    let words = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"w\"",
        "\"dtype\"",
        "\"F32\"",
        "\"shape\"",
        "\"data_offsets\"",
        "[0,4]",
    ];
    let mut chance = Chance::new();
    let mut good = 0;
    for _ in 0..rounds(ROUNDS) {
        let header = chance.mutate(&seeds, &words);
        let mut file = safetensors(&String::from_utf8_lossy(&header), 24);
        if chance.below(8) == 0 {
            // The length in the first bytes is a lie.
            file[chance.below(8)] = 255;
        }
        if let Ok(tensors) = model_headers::safetensors::read(file.as_slice(), file.len() as u64) {
            fits(&tensors, file.len());
            good += 1;
        }
    }
    assert!(good > 0, "the seeds are right themselves");
}

#[test]
fn gguf_of_any_form_is_answered() {
    // Short numbers make bytes below 128, so that these files are texts, too.
    let nested = Gguf::new(3, 1, 2)
        .text("k")
        .u32(9)
        .u32(9)
        .u64(1)
        .u32(8)
        .u64(1)
        .text("t")
        .key_u32("general.alignment", 64)
        .tensor("w", &[32, 2], 39, 0)
        .file(96);
    let files = [llama(false, 3), llama(true, 2), nested];
    let seeds: Vec<&str> = files.iter().filter_map(|file| str::from_utf8(file).ok()).collect();
    assert!(!seeds.is_empty());
    let words = [
        "GGUF",
        "\0\0\0\0",
        "\x01\0\0\0",
        "\x08\0\0\0",
        "\x09\0\0\0",
        "\x7f\x7f\x7f\x7f",
        "llama.block_count",
    ];
    let mut chance = Chance::new();
    let mut good = 0;
    for _ in 0..rounds(ROUNDS) {
        let file = chance.mutate(&seeds, &words);
        if let Ok(header) = gguf::read(file.as_slice(), file.len() as u64) {
            fits(&header.tensors, file.len());
            good += 1;
        }
    }
    assert!(good > 0, "the seeds are right themselves");
}

#[test]
fn configurations_of_any_form_are_answered() {
    let seeds: Vec<&str> = include_str!("seeds/config.txt").lines().collect();
    let words = ["{", "}", "[", "]", ",", ":", "\"", "null", "-1", "\"model_type\"", "\"text_config\""];
    let mut chance = Chance::new();
    let good = (0..rounds(ROUNDS))
        .filter(|_| Config::read(chance.mutate(&seeds, &words).as_slice()).is_ok())
        .count();
    assert!(good > 0, "the seeds are right themselves");
}
