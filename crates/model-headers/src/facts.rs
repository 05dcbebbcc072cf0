//! What a model says of itself, in whichever file.

/// Facts as they are shown; whatever a file does not say, or says in an odd way, is left out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// The architecture's name, such as `BertModel` or `llama`.
    pub architecture: Option<String>,
    /// How many tokens the model takes at most.
    pub context_length: Option<u64>,
    /// Numbers in a token's vector.
    pub hidden_size: Option<u64>,
    /// Layers.
    pub layers: Option<u64>,
    /// Attention heads of a layer.
    pub heads: Option<u64>,
    /// Heads of keys and values, where they are fewer.
    pub key_value_heads: Option<u64>,
    /// Experts of a layer, where it has such.
    pub experts: Option<u64>,
    /// Experts that a token uses.
    pub experts_used: Option<u64>,
    /// Tokens that the model knows.
    pub vocabulary: Option<u64>,
    /// What the model says of how it is quantised, such as `Q4_K_M` or `awq, 4 bits`.
    pub quantisation: Option<String>,
}
