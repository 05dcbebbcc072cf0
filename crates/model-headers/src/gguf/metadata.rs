//! The keys and values of a GGUF header. Vocabularies are read over, only their length is kept.

use std::collections::HashMap;
use std::io::Read;

use crate::error::HeaderError;
use crate::facts::Facts;
use crate::tensor::shortened;

use super::input::Input;
use super::numbers;

/// Keys of the longest list that is read. Models have some dozens.
const MOST_KEYS: u64 = 10_000;

/// Bytes of the longest key, as the format says.
const LONGEST_KEY: u64 = (1 << 16) - 1;

/// Bytes of the longest text that is kept; longer ones, such as templates of chats, are read over.
const KEPT_TEXT: u64 = 1 << 10;

/// Lists in lists in lists: more than any model has.
const DEEPEST: u32 = 4;

/// Where the tensors' bytes begin, if the file says nothing else: at multiples of so many bytes.
const ALIGNMENT: u64 = 32;

/// A value, as far as it is of use.
enum Value {
    Number(u64),
    Text(String),
    /// A list of so many values.
    List(u64),
    Other,
}

/// What was read.
pub(super) struct Metadata(HashMap<String, Value>);

impl Metadata {
    /// Reads the number of keys, and then these.
    pub(super) fn read<R: Read>(input: &mut Input<R>) -> Result<Self, HeaderError> {
        let count = input.u64()?;
        if count > MOST_KEYS {
            return Err(HeaderError::TooMuch { what: "the number of its keys", found: count });
        }
        let mut values = HashMap::new();
        for _ in 0..count {
            let key = input.text(LONGEST_KEY, "the length of a key")?;
            let kind = input.u32()?;
            values.insert(key, value(input, kind)?);
        }
        Ok(Self(values))
    }

    fn number(&self, key: &str) -> Option<u64> {
        match self.0.get(key)? {
            Value::Number(number) => Some(*number),
            Value::Text(_) | Value::List(_) | Value::Other => None,
        }
    }

    fn text(&self, key: &str) -> Option<&str> {
        match self.0.get(key)? {
            Value::Text(text) => Some(text),
            Value::Number(_) | Value::List(_) | Value::Other => None,
        }
    }

    fn length(&self, key: &str) -> Option<u64> {
        match self.0.get(key)? {
            Value::List(length) => Some(*length),
            Value::Number(_) | Value::Text(_) | Value::Other => None,
        }
    }

    /// Where the tensors' bytes may begin.
    pub(super) fn alignment(&self) -> Result<u64, HeaderError> {
        match self.number("general.alignment").unwrap_or(ALIGNMENT) {
            found if found.is_power_of_two() && found <= 1 << 20 => Ok(found),
            found => Err(HeaderError::TooMuch { what: "the alignment of its tensors", found }),
        }
    }

    pub(super) fn facts(&self) -> Facts {
        let architecture = self.text("general.architecture").unwrap_or_default();
        let number = |key: &str| self.number(&format!("{architecture}.{key}"));
        let heads = number("attention.head_count");
        Facts {
            context_length: number("context_length"),
            hidden_size: number("embedding_length"),
            layers: number("block_count"),
            heads,
            key_value_heads: number("attention.head_count_kv").filter(|fewer| Some(*fewer) != heads),
            experts: number("expert_count").filter(|count| *count > 0),
            experts_used: number("expert_used_count").filter(|count| *count > 0),
            vocabulary: self.length("tokenizer.ggml.tokens").or_else(|| number("vocab_size")),
            quantisation: self.number("general.file_type").and_then(numbers::file_type).map(str::to_owned),
            architecture: Some(architecture.to_owned()).filter(|name| !name.is_empty()).map(shortened),
        }
    }
}

fn value<R: Read>(input: &mut Input<R>, kind: u32) -> Result<Value, HeaderError> {
    match kind {
        STRING => text(input),
        LIST => Ok(Value::List(list(input, DEEPEST)?)),
        _ => match fixed(kind).ok_or(HeaderError::ValueType(kind))? {
            Fixed { width, whole: true, signed } => {
                Ok(input.number(width, signed)?.map_or(Value::Other, Value::Number))
            }
            Fixed { width, whole: false, .. } => input.skip(width).map(|()| Value::Other),
        },
    }
}

const STRING: u32 = 8;
const LIST: u32 = 9;

/// Types whose values have one length.
struct Fixed {
    width: u64,
    whole: bool,
    signed: bool,
}

fn fixed(kind: u32) -> Option<Fixed> {
    let (width, whole, signed) = match kind {
        0 => (1, true, false),
        1 => (1, true, true),
        2 => (2, true, false),
        3 => (2, true, true),
        4 => (4, true, false),
        5 => (4, true, true),
        // Floating point, and true or false.
        6 => (4, false, true),
        7 => (1, false, false),
        10 => (8, true, false),
        11 => (8, true, true),
        12 => (8, false, true),
        _ => return None,
    };
    Some(Fixed { width, whole, signed })
}

fn text<R: Read>(input: &mut Input<R>) -> Result<Value, HeaderError> {
    let length = input.u64()?;
    if length > KEPT_TEXT {
        input.skip(length)?;
        return Ok(Value::Other);
    }
    input.exact_text(length).map(Value::Text)
}

/// Reads over a list and says how long it is.
fn list<R: Read>(input: &mut Input<R>, depth: u32) -> Result<u64, HeaderError> {
    let kind = input.u32()?;
    let length = input.u64()?;
    match kind {
        // Every turn reads some bytes, so that a false length ends with the file.
        STRING => {
            for _ in 0..length {
                let bytes = input.u64()?;
                input.skip(bytes)?;
            }
        }
        LIST if depth == 0 => {
            return Err(HeaderError::TooMuch { what: "the depth of a list", found: DEEPEST.into() });
        }
        LIST => {
            for _ in 0..length {
                list(input, depth - 1)?;
            }
        }
        _ => {
            let Fixed { width, .. } = fixed(kind).ok_or(HeaderError::ValueType(kind))?;
            let bytes = length.checked_mul(width);
            input.skip(bytes.ok_or(HeaderError::TooMuch { what: "the length of a list", found: length })?)?;
        }
    }
    Ok(length)
}
