//! Every tensor of a BERT encoder: its name in files, its shape, and what it is to the network.

use crate::Config;

/// One tensor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    Words,
    Positions,
    Types,
    Norm(Kind),
    Layer(usize, Of, Kind),
}

/// A piece of a layer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Of {
    Query,
    Key,
    Value,
    Output,
    OutputNorm,
    Up,
    Down,
    DownNorm,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Weight,
    Bias,
}

const PIECES: [(Of, &str); 8] = [
    (Of::Query, "attention.self.query"),
    (Of::Key, "attention.self.key"),
    (Of::Value, "attention.self.value"),
    (Of::Output, "attention.output.dense"),
    (Of::OutputNorm, "attention.output.LayerNorm"),
    (Of::Up, "intermediate.dense"),
    (Of::Down, "output.dense"),
    (Of::DownNorm, "output.LayerNorm"),
];

impl Part {
    pub(crate) fn all(config: &Config) -> impl Iterator<Item = Self> {
        let kinds = [Kind::Weight, Kind::Bias];
        let layers = (0..config.layers).flat_map(move |layer| {
            PIECES.into_iter().flat_map(move |(of, _)| kinds.map(|kind| Self::Layer(layer, of, kind)))
        });
        [Self::Words, Self::Positions, Self::Types].into_iter().chain(kinds.map(Self::Norm)).chain(layers)
    }

    pub(crate) fn name(self) -> String {
        let word = |kind| match kind {
            Kind::Weight => "weight",
            Kind::Bias => "bias",
        };
        match self {
            Self::Words => "embeddings.word_embeddings.weight".to_owned(),
            Self::Positions => "embeddings.position_embeddings.weight".to_owned(),
            Self::Types => "embeddings.token_type_embeddings.weight".to_owned(),
            Self::Norm(kind) => format!("embeddings.LayerNorm.{}", word(kind)),
            Self::Layer(layer, of, kind) => {
                let piece = PIECES.iter().find(|(known, _)| *known == of).map_or("", |(_, name)| name);
                format!("encoder.layer.{layer}.{piece}.{}", word(kind))
            }
        }
    }

    pub(crate) fn shape(self, config: &Config) -> Vec<usize> {
        let (hidden, inner) = (config.hidden, config.intermediate);
        match self {
            Self::Words => vec![config.vocabulary, hidden],
            Self::Positions => vec![config.positions, hidden],
            Self::Types => vec![config.types, hidden],
            Self::Norm(_) => vec![hidden],
            Self::Layer(_, of, kind) => match (of, kind) {
                (Of::Query | Of::Key | Of::Value | Of::Output, Kind::Weight) => vec![hidden, hidden],
                (Of::Up, Kind::Weight) => vec![inner, hidden],
                (Of::Down, Kind::Weight) => vec![hidden, inner],
                (Of::Up, Kind::Bias) => vec![inner],
                (Of::Query | Of::Key | Of::Value | Of::Output | Of::Down, Kind::Bias)
                | (Of::OutputNorm | Of::DownNorm, Kind::Weight | Kind::Bias) => vec![hidden],
            },
        }
    }
}
