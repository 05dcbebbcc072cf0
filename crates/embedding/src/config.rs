//! What a model's small files say about it, and whether that is something that is computed here: `config.json` in the
//! form of the library transformers, and where they are, `modules.json`, `<n>_Pooling/config.json` and
//! `sentence_bert_config.json` in that of sentence-transformers.

use inference_protocol::{Feature, LoadFailure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The function between the two layers of a feed-forward block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Activation {
    /// `x * Φ(x)`, with the error function.
    Gelu,
    /// The same, approximated with the hyperbolic tangent.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
}

/// How the vectors of all tokens become one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// That of the first token.
    First,
}

/// Everything that has to be known of a model to compute with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// Length of the vectors between layers, and of the result.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads in each layer; a divisor of `hidden`.
    pub heads: usize,
    /// Length of the vectors inside a feed-forward block.
    pub intermediate: usize,
    /// Number of tokens there are.
    pub vocabulary: usize,
    /// Number of positions there are.
    pub positions: usize,
    /// Number of token types there are; only the first is used.
    pub types: usize,
    /// What layer normalisation adds to the variance.
    pub epsilon: f32,
    /// See [`Activation`].
    pub activation: Activation,
    /// See [`Pooling`].
    pub pooling: Pooling,
    /// Most tokens in one passage, with those that mark its ends.
    pub max_tokens: usize,
}

/// `config.json`.
#[derive(Deserialize)]
struct Transformer {
    model_type: Option<String>,
    #[serde(default)]
    architectures: Vec<String>,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "tiny")]
    layer_norm_eps: f32,
    hidden_act: Option<String>,
    position_embedding_type: Option<String>,
}

fn two() -> usize {
    2
}

fn tiny() -> f32 {
    1e-12
}

/// An entry of `modules.json`.
#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

/// `<n>_Pooling/config.json`. Other modes than those two exist, and their names begin alike.
#[derive(Deserialize)]
struct PoolingModes {
    #[serde(flatten)]
    modes: serde_json::Map<String, serde_json::Value>,
}

/// `sentence_bert_config.json`.
#[derive(Deserialize)]
struct Limits {
    max_seq_length: Option<usize>,
}

fn read<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<T, LoadFailure> {
    serde_json::from_slice(bytes).map_err(|error| damaged(file, error.to_string()))
}

fn damaged(file: &str, detail: impl Into<String>) -> LoadFailure {
    LoadFailure::Damaged { file: file.to_owned(), detail: detail.into() }
}

fn unsupported(feature: Feature, found: impl Into<String>) -> LoadFailure {
    LoadFailure::Unsupported { feature, found: found.into() }
}

const CONFIG: &str = "config.json";
const MODULES: &str = "modules.json";

/// Where `modules.json` says that the pooling is described; `None` if it has none.
///
/// # Errors
/// When it has a module that is not computed here, or is damaged.
pub fn pooling_file(modules: &[u8]) -> Result<Option<String>, LoadFailure> {
    let modules: Vec<Module> = read(MODULES, modules)?;
    let mut pooling = None;
    for module in modules {
        // The names of these modules have been moved between packages of the library.
        match module.kind.rsplit('.').next() {
            // All vectors are normalised here, which changes no angle.
            Some("Transformer" | "Normalize") => {}
            Some("Pooling") => pooling = Some(format!("{}/config.json", module.path)),
            Some(_) | None => return Err(unsupported(Feature::Module, module.kind)),
        }
    }
    Ok(pooling)
}

impl Config {
    /// Reads the bytes of `config.json`; of the file that [`pooling_file`] names, with its name; and of
    /// `sentence_bert_config.json`. Without the second, the pooling is the mean, as sentence-transformers has it.
    ///
    /// # Errors
    /// When a file is damaged, or the model is of a kind that is not computed here.
    pub fn read(
        config: &[u8],
        pooling: Option<(&str, &[u8])>,
        limits: Option<&[u8]>,
    ) -> Result<Self, LoadFailure> {
        // Other architectures have other fields: theirs are not missing.
        #[derive(Deserialize)]
        struct Kind {
            model_type: Option<String>,
        }
        let kind: Kind = read(CONFIG, config)?;
        if let Some(kind) = kind.model_type.filter(|kind| kind != "bert") {
            return Err(unsupported(Feature::Architecture, kind));
        }
        let raw: Transformer = read(CONFIG, config)?;
        if raw.model_type.is_none() && !raw.architectures.iter().any(|name| name.starts_with("Bert")) {
            return Err(unsupported(Feature::Architecture, raw.architectures.join(", ")));
        }
        let pooling = match pooling {
            Some((file, bytes)) => read_pooling(read(file, bytes)?)?,
            None => Pooling::Mean,
        };
        let limits: Option<Limits> =
            limits.map(|bytes| read("sentence_bert_config.json", bytes)).transpose()?;
        let limit = limits.and_then(|limits| limits.max_seq_length).unwrap_or(usize::MAX);
        let config = Self {
            hidden: raw.hidden_size,
            layers: raw.num_hidden_layers,
            heads: raw.num_attention_heads,
            intermediate: raw.intermediate_size,
            vocabulary: raw.vocab_size,
            positions: raw.max_position_embeddings,
            types: raw.type_vocab_size,
            epsilon: raw.layer_norm_eps,
            activation: read_activation(raw.hidden_act.as_deref())?,
            pooling,
            max_tokens: limit.min(raw.max_position_embeddings),
        };
        if let Some(other) = raw.position_embedding_type.filter(|kind| kind != "absolute") {
            return Err(unsupported(Feature::Positions, other));
        }
        config.check()
    }

    fn check(self) -> Result<Self, LoadFailure> {
        let sizes = [self.hidden, self.heads, self.intermediate, self.vocabulary, self.positions, self.types];
        // Far above every model there is, and far below where a product of two would overflow.
        if sizes.iter().any(|size| !(1..=1 << 24).contains(size)) || self.layers > 1 << 10 {
            return Err(damaged(CONFIG, "a size is 0 or impossibly large"));
        }
        if !self.hidden.is_multiple_of(self.heads) {
            return Err(damaged(CONFIG, "the hidden size is no multiple of the number of heads"));
        }
        if self.max_tokens < 8 {
            return Err(damaged("sentence_bert_config.json", "hardly a token fits into a passage"));
        }
        Ok(self)
    }
}

fn read_activation(name: Option<&str>) -> Result<Activation, LoadFailure> {
    match name {
        None | Some("gelu") => Ok(Activation::Gelu),
        Some("gelu_new" | "gelu_pytorch_tanh" | "gelu_fast") => Ok(Activation::GeluTanh),
        Some("relu") => Ok(Activation::Relu),
        Some(other) => Err(unsupported(Feature::Activation, other)),
    }
}

fn read_pooling(PoolingModes { modes }: PoolingModes) -> Result<Pooling, LoadFailure> {
    let is_on = |(name, on): (String, serde_json::Value)| {
        (name.starts_with("pooling_mode") && on == serde_json::Value::Bool(true)).then_some(name)
    };
    let on: Vec<String> = modes.into_iter().filter_map(is_on).collect();
    match on.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["pooling_mode_mean_tokens"] => Ok(Pooling::Mean),
        ["pooling_mode_cls_token"] => Ok(Pooling::First),
        // Several are concatenated.
        [..] => Err(unsupported(Feature::Pooling, on.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERT: &str = r#"{"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 384,
        "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536, "vocab_size": 30522,
        "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}"#;

    fn with(from: &str, to: &str) -> Result<Config, LoadFailure> {
        Config::read(BERT.replace(from, to).as_bytes(), None, None)
    }

    #[test]
    fn limits_and_pooling_come_from_their_own_files() {
        let plain = with("", "").unwrap();
        assert_eq!((plain.max_tokens, plain.pooling, plain.heads), (512, Pooling::Mean, 12));
        let pooling = br#"{"word_embedding_dimension": 384, "pooling_mode_cls_token": true,
            "pooling_mode_mean_tokens": false, "include_prompt": true}"#;
        let limits = br#"{"max_seq_length": 256, "do_lower_case": false}"#;
        let config = Config::read(BERT.as_bytes(), Some(("1_Pooling/config.json", pooling)), Some(limits));
        let config = config.unwrap();
        assert_eq!((config.max_tokens, config.pooling), (256, Pooling::First));
    }

    #[test]
    fn what_is_not_computed_is_named() {
        let architecture = unsupported(Feature::Architecture, "llama");
        // Nothing else of it needs to be there.
        assert_eq!(Config::read(br#"{"model_type": "llama"}"#, None, None), Err(architecture));
        assert_eq!(with("\"gelu\"", "\"silu\""), Err(unsupported(Feature::Activation, "silu")));
        assert_eq!(
            with("\"hidden_act\"", "\"position_embedding_type\": \"relative_key\", \"hidden_act\""),
            Err(unsupported(Feature::Positions, "relative_key"))
        );
        let pooling: &[u8] = br#"{"pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true}"#;
        assert_eq!(
            Config::read(BERT.as_bytes(), Some(("p", pooling)), None),
            Err(unsupported(Feature::Pooling, "pooling_mode_max_tokens, pooling_mode_mean_tokens"))
        );
    }

    #[test]
    fn contradictions_are_damage() {
        for (from, to) in [("\"hidden_size\": 384", "\"hidden_size\": 385"), ("30522", "0"), ("{", "[")] {
            let file = CONFIG.to_owned();
            let error = with(from, to).unwrap_err();
            assert!(matches!(&error, LoadFailure::Damaged { file: found, .. } if *found == file), "{error}");
        }
    }

    #[test]
    fn modules_lead_to_the_pooling_or_are_refused() {
        let modules = |kind: &str| {
            format!(
                r#"[{{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}},
                    {{"idx": 1, "name": "1", "path": "1_Pooling", "type": "{kind}"}}]"#
            )
        };
        let pooling = modules("sentence_transformers.models.Pooling");
        assert_eq!(pooling_file(pooling.as_bytes()), Ok(Some("1_Pooling/config.json".to_owned())));
        let dense = "sentence_transformers.models.Dense";
        assert_eq!(pooling_file(modules(dense).as_bytes()), Err(unsupported(Feature::Module, dense)));
    }
}
