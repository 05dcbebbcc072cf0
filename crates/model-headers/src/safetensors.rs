//! The header of a safetensors file: eight bytes of length, then a JSON object that describes every tensor.
//! <https://github.com/huggingface/safetensors#format>

use std::collections::HashSet;
use std::fmt;
use std::io::Read;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::{HeaderError, TensorFault};
use crate::storage::{Class, Storage};
use crate::tensor::{MOST_DIMENSIONS, MOST_TENSORS, Tensor, fault};

/// Bytes of the longest header that is read. The largest models have shards, whose headers have some 100 KB each.
const LIMIT: u64 = 32 << 20;

/// The types of the format: name, sort, bits of a number.
const TYPES: [(&str, Class, u64); 22] = [
    ("BOOL", Class::Whole, 8),
    ("F4", Class::Float, 4),
    ("F6_E2M3", Class::Float, 6),
    ("F6_E3M2", Class::Float, 6),
    ("U8", Class::Whole, 8),
    ("I8", Class::Whole, 8),
    ("F8_E5M2", Class::Float, 8),
    ("F8_E4M3", Class::Float, 8),
    ("F8_E8M0", Class::Float, 8),
    ("F8_E4M3FNUZ", Class::Float, 8),
    ("F8_E5M2FNUZ", Class::Float, 8),
    ("I16", Class::Whole, 16),
    ("U16", Class::Whole, 16),
    ("F16", Class::Float, 16),
    ("BF16", Class::Float, 16),
    ("I32", Class::Whole, 32),
    ("U32", Class::Whole, 32),
    ("F32", Class::Float, 32),
    ("C64", Class::Float, 64),
    ("F64", Class::Float, 64),
    ("I64", Class::Whole, 64),
    ("U64", Class::Whole, 64),
];

/// Reads the header of a file of `size` bytes, and no byte after it. The tensors come in the order of their names, numbers in
/// them as numbers.
///
/// # Errors
/// [`HeaderError`], also if the tensors do not fill the file exactly.
pub fn read(mut file: impl Read, size: u64) -> Result<Vec<Tensor>, HeaderError> {
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > LIMIT {
        return Err(HeaderError::TooMuch { what: "the length of its header", found: length });
    }
    let mut json = Vec::new();
    if (file.take(length).read_to_end(&mut json)? as u64) < length {
        return Err(HeaderError::Ended);
    }
    if json.first() != Some(&b'{') {
        return Err(HeaderError::Foreign);
    }
    let Listed(mut entries) = serde_json::from_slice(&json)?;
    entries.sort_by_key(|(_, entry)| entry.data_offsets);
    let mut end = 0;
    let mut tensors = Vec::with_capacity(entries.len());
    for (name, entry) in entries {
        let (from, to) = entry.data_offsets;
        if from != end || to < from {
            return Err(fault(name, TensorFault::Place));
        }
        end = to;
        let mut tensor = Tensor::new(name, entry.shape.0, storage(entry.dtype))?;
        match tensor.bytes {
            None if tensor.storage.block.is_none() => tensor.bytes = Some(to - from),
            Some(bytes) if bytes == to - from => {}
            Some(_) | None => return Err(fault(tensor.name, TensorFault::Size)),
        }
        if size.saturating_sub(8 + length) < end {
            return Err(fault(tensor.name, TensorFault::Cut));
        }
        tensors.push(tensor);
    }
    if end != size.saturating_sub(8 + length) {
        return Err(HeaderError::Longer);
    }
    let mut names = HashSet::new();
    if let Some(twice) = tensors.iter().find(|tensor| !names.insert(tensor.name.as_str())) {
        return Err(fault(twice.name.clone(), TensorFault::Twice));
    }
    tensors.sort_by_cached_key(natural_order);
    Ok(tensors)
}

fn storage(name: String) -> Storage {
    match TYPES.iter().find(|(known, _, _)| *known == name) {
        Some((known, class, bits)) => Storage::plain(known, *class, *bits),
        None => Storage::unknown(crate::tensor::shortened(name)),
    }
}

/// What puts layer 2 before layer 10.
fn natural_order(tensor: &Tensor) -> Vec<(u64, String)> {
    let parts = tensor.name.split('.').map(|part| match part.parse() {
        Ok(number) => (number, String::new()),
        Err(_) => (u64::MAX, part.to_owned()),
    });
    parts.collect()
}

/// The entries of the header in their order.
struct Listed(Vec<(String, Entry)>);

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Shape,
    data_offsets: (u64, u64),
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Listed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listed, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                    } else if entries.len() as u64 == MOST_TENSORS {
                        return Err(A::Error::custom("there are too many tensors"));
                    } else {
                        entries.push((name, map.next_value()?));
                    }
                }
                Ok(Listed(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// A shape, of which no more is kept than what shows that it is too long.
struct Shape(Vec<u64>);

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lengths;

        impl<'de> Visitor<'de> for Lengths {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of lengths")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
                let mut shape = Vec::new();
                while let Some(length) = seq.next_element()? {
                    if shape.len() <= MOST_DIMENSIONS {
                        shape.push(length);
                    }
                }
                Ok(Shape(shape))
            }
        }

        deserializer.deserialize_seq(Lengths)
    }
}
