//! `config.json`, as model hubs have it: facts about a model for the library that runs it.

use std::io::Read;

use serde_json::Value;

use crate::error::HeaderError;
use crate::facts::Facts;
use crate::tensor::shortened;

/// Bytes of the longest `config.json` that is read. Those of the largest models have some ten thousand.
const LIMIT: u64 = 1 << 20;

/// What it says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Config {
    /// The family of models, such as `bert`.
    pub model_type: Option<String>,
    /// The facts that are shown.
    pub facts: Facts,
}

impl Config {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// If it is no JSON object, or longer than a configuration can be. What is odd inside is left out instead.
    pub fn read(file: impl Read) -> Result<Self, HeaderError> {
        let bytes = at_most(file, LIMIT, "its length in bytes")?;
        // The depth is bounded by serde_json.
        let root: serde_json::Map<String, Value> = serde_json::from_slice(&bytes)?;
        let text = |key: &str| root.get(key).and_then(Value::as_str).map(str::to_owned).map(shortened);
        let first = root.get("architectures").and_then(|names| names.get(0)?.as_str());
        let architecture = first.map(|name| shortened(name.to_owned()));
        let model_type = text("model_type");
        // Models that also see or hear have the numbers of their language part inside.
        let inner = ["text_config", "llm_config", "language_config"].iter().find_map(|key| root.get(*key));
        let number = |keys: &[&str]| {
            let of = |key: &&str| root.get(*key).or_else(|| inner?.get(*key)).and_then(Value::as_u64);
            keys.iter().find_map(of)
        };
        let heads = number(&["num_attention_heads", "n_head", "n_heads"]);
        let facts = Facts {
            architecture: architecture.or_else(|| model_type.clone()),
            context_length: number(&["max_position_embeddings", "n_positions", "max_seq_len", "n_ctx"]),
            hidden_size: number(&["hidden_size", "d_model", "n_embd", "dim"]),
            layers: number(&["num_hidden_layers", "n_layer", "n_layers", "num_layers"]),
            heads,
            key_value_heads: number(&["num_key_value_heads"]).filter(|fewer| Some(*fewer) != heads),
            experts: number(&["num_local_experts", "num_experts", "n_routed_experts"]),
            experts_used: number(&["num_experts_per_tok", "experts_per_token"]),
            vocabulary: number(&["vocab_size"]),
            quantisation: root.get("quantization_config").and_then(quantisation),
        };
        Ok(Self { model_type, facts })
    }
}

/// The method, and the bits of a number where they are said.
fn quantisation(config: &Value) -> Option<String> {
    let method = shortened(config.get("quant_method")?.as_str()?.to_owned());
    let says = |key| config.get(key).and_then(Value::as_bool).unwrap_or(false);
    let bits = match config.get("bits").and_then(Value::as_u64) {
        Some(bits) => Some(bits),
        None if says("load_in_4bit") => Some(4),
        None if says("load_in_8bit") => Some(8),
        None => None,
    };
    Some(bits.map_or_else(|| method.clone(), |bits| format!("{method}, {bits} bits")))
}

/// All bytes of a file that must not have more than `limit`.
pub(crate) fn at_most(file: impl Read, limit: u64, what: &'static str) -> Result<Vec<u8>, HeaderError> {
    let mut bytes = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut bytes)? as u64;
    if read > limit {
        return Err(HeaderError::TooMuch { what, found: read });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_families_are_understood() {
        let bert = r#"{"architectures":["BertModel"],"hidden_size":384,"max_position_embeddings":512,"model_type":"bert",
            "num_attention_heads":12,"num_hidden_layers":6,"vocab_size":30522}"#;
        let config = Config::read(bert.as_bytes()).unwrap();
        assert_eq!(config.model_type.as_deref(), Some("bert"));
        assert_eq!(config.facts.architecture.as_deref(), Some("BertModel"));
        let facts = config.facts;
        assert_eq!((facts.hidden_size, facts.layers, facts.heads), (Some(384), Some(6), Some(12)));
        assert_eq!((facts.context_length, facts.vocabulary), (Some(512), Some(30522)));
        let seeing = r#"{"model_type":"seeing","text_config":{"hidden_size":5,"num_key_value_heads":1},
            "num_attention_heads":2,"quantization_config":{"quant_method":"awq","bits":4}}"#;
        let facts = Config::read(seeing.as_bytes()).unwrap().facts;
        assert_eq!((facts.hidden_size, facts.heads, facts.key_value_heads), (Some(5), Some(2), Some(1)));
        assert_eq!(facts.architecture.as_deref(), Some("seeing"));
        assert_eq!(facts.quantisation.as_deref(), Some("awq, 4 bits"));
    }

    #[test]
    fn odd_values_are_left_out_and_what_is_no_object_is_refused() {
        let odd = r#"{"architectures":"x","hidden_size":-1,"vocab_size":"many","text_config":[],"model_type":null}"#;
        assert_eq!(Config::read(odd.as_bytes()).unwrap(), Config::default());
        let deep = "[".repeat(100_000);
        for wrong in ["", "[]", "{", "{\"a\":}", deep.as_str()] {
            assert!(matches!(Config::read(wrong.as_bytes()), Err(HeaderError::Json(_))), "{wrong:.20}");
        }
        let long = format!("{{\"model_type\":\"{}\"}}", "ö".repeat(400));
        let shown = Config::read(long.as_bytes()).unwrap().model_type.unwrap();
        assert_eq!(shown.chars().count(), 201);
        let endless = std::io::repeat(b' ');
        assert!(matches!(Config::read(endless), Err(HeaderError::TooMuch { .. })));
    }
}
