//! The numbers by which GGUF files name types of tensors, and mixtures of these.

use crate::storage::{Class, Storage};

/// The type of a tensor by its number in the file.
pub(super) fn storage(number: u32) -> Storage {
    let plain = Storage::plain;
    let blocks = Storage::blocks;
    match number {
        0 => plain("F32", Class::Float, 32),
        1 => plain("F16", Class::Float, 16),
        2 => blocks("Q4_0", 32, 18),
        3 => blocks("Q4_1", 32, 20),
        6 => blocks("Q5_0", 32, 22),
        7 => blocks("Q5_1", 32, 24),
        8 => blocks("Q8_0", 32, 34),
        9 => blocks("Q8_1", 32, 40),
        10 => blocks("Q2_K", 256, 84),
        11 => blocks("Q3_K", 256, 110),
        12 => blocks("Q4_K", 256, 144),
        13 => blocks("Q5_K", 256, 176),
        14 => blocks("Q6_K", 256, 210),
        15 => blocks("Q8_K", 256, 292),
        16 => blocks("IQ2_XXS", 256, 66),
        17 => blocks("IQ2_XS", 256, 74),
        18 => blocks("IQ3_XXS", 256, 98),
        19 => blocks("IQ1_S", 256, 50),
        20 => blocks("IQ4_NL", 32, 18),
        21 => blocks("IQ3_S", 256, 110),
        22 => blocks("IQ2_S", 256, 82),
        23 => blocks("IQ4_XS", 256, 136),
        24 => plain("I8", Class::Whole, 8),
        25 => plain("I16", Class::Whole, 16),
        26 => plain("I32", Class::Whole, 32),
        27 => plain("I64", Class::Whole, 64),
        28 => plain("F64", Class::Float, 64),
        29 => blocks("IQ1_M", 256, 56),
        30 => plain("BF16", Class::Float, 16),
        34 => blocks("TQ1_0", 256, 54),
        35 => blocks("TQ2_0", 256, 66),
        39 => blocks("MXFP4", 32, 17),
        40 => blocks("NVFP4", 64, 36),
        41 => blocks("Q1_0", 128, 18),
        // 4, 5, 31 to 33 and 36 to 38 were taken out of the format.
        other => Storage::unknown(format!("type {other}")),
    }
}

/// The mixture of types that a whole file is called by.
pub(super) fn file_type(number: u64) -> Option<&'static str> {
    Some(match number {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        7 => "Q8_0",
        8 => "Q5_0",
        9 => "Q5_1",
        10 => "Q2_K",
        11 => "Q3_K_S",
        12 => "Q3_K_M",
        13 => "Q3_K_L",
        14 => "Q4_K_S",
        15 => "Q4_K_M",
        16 => "Q5_K_S",
        17 => "Q5_K_M",
        18 => "Q6_K",
        19 => "IQ2_XXS",
        20 => "IQ2_XS",
        21 => "Q2_K_S",
        22 => "IQ3_XS",
        23 => "IQ3_XXS",
        24 => "IQ1_S",
        25 => "IQ4_NL",
        26 => "IQ3_S",
        27 => "IQ3_M",
        28 => "IQ2_S",
        29 => "IQ2_M",
        30 => "IQ4_XS",
        31 => "IQ1_M",
        32 => "BF16",
        36 => "TQ1_0",
        37 => "TQ2_0",
        38 => "MXFP4",
        39 => "NVFP4",
        40 => "Q1_0",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_known_has_blocks_of_whole_bytes_and_a_name_of_its_own() {
        let known: Vec<_> = (0..200).map(storage).filter(|storage| storage.block.is_some()).collect();
        assert_eq!(known.len(), 34);
        let mut names: Vec<_> = known.iter().map(|storage| storage.name.as_ref()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), known.len());
        for storage in known {
            let (numbers, bits) = storage.block.unwrap();
            assert_eq!(storage.bytes(numbers), Some(bits / 8), "{}", storage.name);
            assert!(storage.bytes(numbers + 1).is_none() || numbers == 1, "{}", storage.name);
        }
    }
}
