//! The header of a safetensors file: 8 bytes of its length, then JSON that says where each tensor is.

use std::collections::BTreeMap;

use inference_protocol::{Feature, LoadFailure};
use serde::Deserialize;

/// Its only name, in models that are not split over several files.
pub(crate) const WEIGHTS: &str = "model.safetensors";

/// What the format allows for the header.
const LONGEST_HEADER: u64 = 100_000_000;

/// How a number is stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Number {
    F32,
    F16,
    Bf16,
}

impl Number {
    /// Length in bytes.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    pub(crate) fn read(name: &str) -> Result<Self, LoadFailure> {
        match name {
            "F32" => Ok(Self::F32),
            "F16" => Ok(Self::F16),
            "BF16" => Ok(Self::Bf16),
            other => Err(LoadFailure::Unsupported { feature: Feature::NumberType, found: other.to_owned() }),
        }
    }
}

/// One tensor.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    pub(crate) dtype: String,
    pub(crate) shape: Vec<u64>,
    /// Its bytes, counted from the end of the header.
    pub(crate) data_offsets: (u64, u64),
}

pub(crate) fn damaged(detail: impl Into<String>) -> LoadFailure {
    LoadFailure::Damaged { file: WEIGHTS.to_owned(), detail: detail.into() }
}

/// The length of the header in bytes, from the first 8 of the file.
pub(crate) fn header_length(bytes: [u8; 8]) -> Result<usize, LoadFailure> {
    let length = u64::from_le_bytes(bytes);
    if length > LONGEST_HEADER {
        return Err(damaged(format!("a header of {length} bytes")));
    }
    usize::try_from(length).map_err(|error| damaged(error.to_string()))
}

/// The tensors by their names.
pub(crate) fn read_header(bytes: &[u8]) -> Result<BTreeMap<String, Entry>, LoadFailure> {
    /// Beside the tensors there may be one object of texts.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Member {
        Tensor(Entry),
        Metadata(serde::de::IgnoredAny),
    }
    let members: BTreeMap<String, Member> =
        serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
    let mut tensors = BTreeMap::new();
    for (name, member) in members {
        match member {
            Member::Tensor(entry) => {
                tensors.insert(name, entry);
            }
            Member::Metadata(_) if name == "__metadata__" => {}
            Member::Metadata(_) => return Err(damaged(format!("{name} is no tensor"))),
        }
    }
    Ok(tensors)
}

/// IEEE 754 half precision.
pub(crate) fn half_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10) & 0x1f, u32::from(bits) & 0x3ff);
    match exponent {
        // Subnormal numbers are multiples of 2^-24.
        0 => f32::from_bits(sign | (fraction as f32 / 16_777_216.0).to_bits()),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        exponent => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_read() {
        let pairs = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x8400, -6.103_515_6e-5),
            (0x7c00, f32::INFINITY),
        ];
        for (bits, value) in pairs {
            assert_eq!(half_to_f32(bits), value, "{bits:x}");
        }
        assert!(half_to_f32(0x7e00).is_nan());
    }

    #[test]
    fn headers_are_read_and_strange_ones_refused() {
        let tensors = read_header(
            br#"{"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}"#,
        );
        assert_eq!(tensors.unwrap()["a"].data_offsets, (0, 24));
        assert!(read_header(br#"{"a": {"shape": "round"}}"#).is_err());
        assert!(read_header(b"{").is_err());
        assert!(header_length([0xff; 8]).is_err());
    }
}
