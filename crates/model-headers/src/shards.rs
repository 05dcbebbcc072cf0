//! Models whose weights are in several files.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::config::at_most;
use crate::error::HeaderError;

/// Bytes of the longest index that is read: it has a line for every tensor.
const LIMIT: u64 = 32 << 20;

/// More shards than this no model has.
const MOST_SHARDS: usize = 10_000;

/// The files that a `*.safetensors.index.json` names.
///
/// # Errors
/// If it is damaged, or longer than an index can be.
pub(crate) fn of_index(file: impl Read) -> Result<BTreeSet<String>, HeaderError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: Shards,
    }
    let bytes = at_most(file, LIMIT, "its length in bytes")?;
    let Index { weight_map } = serde_json::from_slice(&bytes)?;
    Ok(weight_map.0)
}

/// The values of a map from tensors to files.
struct Shards(BTreeSet<String>);

impl<'de> Deserialize<'de> for Shards {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Shards;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from tensors to files")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shards, A::Error> {
                let mut shards = BTreeSet::new();
                while map.next_key::<IgnoredAny>()?.is_some() {
                    let shard: String = map.next_value()?;
                    shards.insert(shard);
                    if shards.len() > MOST_SHARDS {
                        return Err(A::Error::custom("there are too many files"));
                    }
                }
                Ok(Shards(shards))
            }
        }

        deserializer.deserialize_map(Map)
    }
}

/// Takes the name of one of several GGUF files apart: `stem-00002-of-00003.gguf` is part 2 of 3 of `stem`.
pub(crate) fn part_of(path: &str) -> Option<(&str, u32, u32)> {
    let (rest, total) = path.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    let digits = |text: &str| {
        let five = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
        if five { text.parse::<u32>().ok() } else { None }
    };
    Some((stem, digits(number)?, digits(total)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_names_its_files_once() {
        let index = r#"{"metadata":{"total_size":8},"weight_map":{"a":"2","b":"1","c":"2"}}"#;
        let shards = of_index(index.as_bytes()).unwrap();
        assert_eq!(shards.into_iter().collect::<Vec<_>>(), ["1", "2"]);
        for wrong in ["", "{}", r#"{"weight_map":[]}"#, r#"{"weight_map":{"a":1}}"#] {
            assert!(of_index(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parts_are_known_by_their_names() {
        assert_eq!(part_of("q4/m-00002-of-00003.gguf"), Some(("q4/m", 2, 3)));
        for whole in ["m.gguf", "m-2-of-3.gguf", "m-00002-of-00003.bin", "-of-.gguf", "m-+0002-of-00003.gguf"]
        {
            assert_eq!(part_of(whole), None, "{whole}");
        }
    }
}
