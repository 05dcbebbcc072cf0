//! Renames imports so that they compress better. wasm-bindgen ends each name with 16 random digits, in the
//! WebAssembly and in the JavaScript, which cost 1.4 KB of the compressed worker. Nothing else uses these
//! names. A counter with as many digits replaces them, so no offset in the WebAssembly changes.

use std::collections::BTreeMap;

use super::bind::Bound;

/// What all of these names begin with.
const MARK: &[u8] = b"__wb";

/// How many digits there are.
const DIGITS: usize = 16;

pub(crate) fn number(bound: &mut Bound) {
    let mut numbers = BTreeMap::new();
    let mut glue = std::mem::take(&mut bound.glue).into_bytes();
    for bytes in [&mut glue, &mut bound.wasm] {
        number_in(bytes, &mut numbers);
    }
    // What was text has got other digits, and is text still.
    bound.glue = String::from_utf8_lossy(&glue).into_owned();
}

/// The same name gets the same number.
fn number_in(bytes: &mut [u8], numbers: &mut BTreeMap<Vec<u8>, usize>) {
    let mut at = 0;
    while at < bytes.len() {
        let rest = &mut bytes[at..];
        if !rest.starts_with(MARK) {
            at += 1;
            continue;
        }
        let length = rest.iter().position(|byte| !is_of_name(*byte)).unwrap_or(rest.len());
        let name = &mut rest[..length];
        if ends_by_chance(name) {
            let next = numbers.len();
            let number = *numbers.entry(name.to_vec()).or_insert(next);
            name[length - DIGITS..].copy_from_slice(format!("{number:0DIGITS$}").as_bytes());
        }
        at += length;
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn ends_by_chance(name: &[u8]) -> bool {
    let Some((before, end)) = name.split_last_chunk::<DIGITS>() else { return false };
    before.ends_with(b"_") && end.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
