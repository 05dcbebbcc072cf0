//! Mutated headers: whatever comes, there is an answer, and it does not contradict the file.

use std::cell::Cell;

use crate::made::{Gguf, llama, safetensors};
use model_headers::{Config, Tensor, gguf};

const CASES: u32 = 2_000;

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
    let good = Cell::new(0);
    mutation::check(CASES, &seeds, &words, |header| {
        let mut file = safetensors(&String::from_utf8_lossy(&header), 24);
        if let Ok(tensors) = model_headers::safetensors::read(file.as_slice(), file.len() as u64) {
            fits(&tensors, file.len());
            good.set(good.get() + 1);
        }
        // The length in the first bytes is a lie.
        file[header.len() % 8] = 255;
        if let Ok(tensors) = model_headers::safetensors::read(file.as_slice(), file.len() as u64) {
            fits(&tensors, file.len());
        }
    });
    assert!(good.get() > 0, "the seeds are right themselves");
}

#[test]
fn gguf_of_any_form_is_answered() {
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
    let seeds = [llama(false, 3), llama(true, 2), nested];
    let words: [&[u8]; 8] = [
        b"GGUF",
        b"\0\0\0\0",
        b"\x01\0\0\0",
        b"\x08\0\0\0",
        b"\x09\0\0\0",
        b"\x7f\x7f\x7f\x7f",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"llama.block_count",
    ];
    let good = Cell::new(0);
    mutation::check(CASES, &seeds, &words, |file| {
        if let Ok(header) = gguf::read(file.as_slice(), file.len() as u64) {
            fits(&header.tensors, file.len());
            good.set(good.get() + 1);
        }
    });
    assert!(good.get() > 0, "the seeds are right themselves");
}

#[test]
fn configurations_of_any_form_are_answered() {
    let seeds: Vec<&str> = include_str!("seeds/config.txt").lines().collect();
    let words = ["{", "}", "[", "]", ",", ":", "\"", "null", "-1", "\"model_type\"", "\"text_config\""];
    let good = Cell::new(0);
    mutation::check(CASES, &seeds, &words, |config| {
        good.set(good.get() + u32::from(Config::read(config.as_slice()).is_ok()));
    });
    assert!(good.get() > 0, "the seeds are right themselves");
}
