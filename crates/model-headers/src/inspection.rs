//! What all files of a model tell of it together.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufReader, Read};

use crate::config::Config;
use crate::error::HeaderError;
use crate::facts::Facts;
use crate::summary::{Summary, Tally};
use crate::tensor::shortened;
use crate::{gguf, safetensors, shards};

/// More sets of weights than this are not looked at. Where there are many, each is another quantisation of the same model.
const MOST_WEIGHTS: usize = 32;

/// Tensors that are kept one by one, of all sets of weights together; each set keeps some.
const ROWS: usize = 600;

/// Bytes read from a file at a time: headers of safetensors files mostly fit, and those of GGUF files are read in tiny steps.
const BUFFER: usize = 16 << 10;

/// A file of a model.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ListedFile<'a> {
    /// Its path inside the model.
    pub path: &'a str,
    /// Its length in bytes.
    pub size: u64,
}

/// The format of weights.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// safetensors.
    Safetensors,
    /// GGUF.
    Gguf,
}

/// Weights in one file, or in several that belong together.
#[derive(Debug)]
pub struct Weights {
    /// The path of the file, or of that which names the others.
    pub name: String,
    /// Their format.
    pub format: Format,
    /// In how many files they are.
    pub files: usize,
    /// What they say of themselves, or why they cannot be read.
    pub content: Result<(Facts, Summary), HeaderError>,
}

/// What is known of a model.
#[derive(Debug, Default)]
pub struct Inspection {
    /// What its `config.json` says, if it has one.
    pub config: Option<Result<Config, HeaderError>>,
    /// Its weights.
    pub weights: Vec<Weights>,
    /// How many sets of weights were not looked at.
    pub left_out: usize,
    /// Whether it makes sentences into vectors in a way that is known here: a BERT with a tokenizer beside it.
    pub embeds_sentences: bool,
}

impl Inspection {
    /// Looks into the files of a model, which `open` opens.
    pub fn of<R: Read>(files: &[ListedFile<'_>], mut open: impl FnMut(&str) -> io::Result<R>) -> Self {
        let has = |path: &str| files.iter().any(|file| file.path == path);
        let config =
            has("config.json").then(|| open("config.json").map_err(HeaderError::Read).and_then(Config::read));
        let sets = sets(files, &mut open);
        let rows = ROWS / sets.len().clamp(1, MOST_WEIGHTS);
        let left_out = sets.len().saturating_sub(MOST_WEIGHTS);
        let weights: Vec<Weights> =
            sets.into_iter().take(MOST_WEIGHTS).map(|set| set.look(rows, &mut open)).collect();
        let embeds_sentences = matches!(&config, Some(Ok(config)) if is_bert(config))
            && has("tokenizer.json")
            && weights.iter().any(|weights| weights.name == "model.safetensors" && weights.content.is_ok());
        Self { config, weights, left_out, embeds_sentences }
    }

    /// Whether a second look would see the same: no file failed to be read.
    #[must_use]
    pub fn is_final(&self) -> bool {
        let of_weights = self.weights.iter().filter_map(|weights| weights.content.as_ref().err());
        let of_config = self.config.iter().filter_map(|config| config.as_ref().err());
        !of_weights.chain(of_config).any(|error| matches!(error, HeaderError::Read(_)))
    }

    /// Facts about the model: of its `config.json`, else of its first weights that say anything.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let config = self.config.iter().flatten().map(|config| &config.facts);
        let weights = self.weights.iter().filter_map(|weights| weights.content.as_ref().ok());
        let mut all = config.chain(weights.map(|(facts, _)| facts));
        all.find(|facts| facts.architecture.is_some()).cloned().unwrap_or_default()
    }
}

/// The plain model, without a head for another task.
fn is_bert(config: &Config) -> bool {
    config.model_type.as_deref() == Some("bert")
        && config.facts.architecture.as_deref().is_some_and(|name| matches!(name, "BertModel" | "bert"))
}

/// Files whose weights belong together.
struct Set<'a> {
    name: String,
    format: Format,
    /// The files, or why they are not known.
    files: Result<Vec<ListedFile<'a>>, HeaderError>,
}

/// Finds out which files belong together: shards by their index, parts of GGUF files by their names. Weights at the top of
/// the model come first.
fn sets<'a, R: Read>(files: &[ListedFile<'a>], open: &mut impl FnMut(&str) -> io::Result<R>) -> Vec<Set<'a>> {
    let mut sets = Vec::new();
    let mut taken = HashSet::new();
    for index in files {
        let Some(stem) = index.path.strip_suffix(".index.json") else { continue };
        if !stem.ends_with(".safetensors") {
            continue;
        }
        let folder = index.path.rfind('/').map_or("", |end| &index.path[..=end]);
        let named = open(index.path).map_err(HeaderError::Read).and_then(shards::of_index);
        let shards = named.and_then(|names| {
            let find = |name: String| {
                let path = format!("{folder}{name}");
                let found = files.iter().find(|file| file.path == path);
                found.copied().ok_or_else(|| HeaderError::Missing(shortened(path)))
            };
            names.into_iter().map(find).collect::<Result<Vec<_>, _>>()
        });
        taken.extend(shards.iter().flatten().map(|file| file.path));
        sets.push(Set { name: stem.to_owned(), format: Format::Safetensors, files: shards });
    }
    let mut parts: BTreeMap<(&str, u32), BTreeMap<u32, ListedFile<'a>>> = BTreeMap::new();
    for file in files.iter().copied().filter(|file| !taken.contains(file.path)) {
        if let Some((stem, number, total)) = shards::part_of(file.path) {
            parts.entry((stem, total)).or_default().insert(number, file);
        } else if file.path.ends_with(".gguf") {
            sets.push(Set { name: file.path.to_owned(), format: Format::Gguf, files: Ok(vec![file]) });
        } else if file.path.ends_with(".safetensors") {
            let name = file.path.to_owned();
            sets.push(Set { name, format: Format::Safetensors, files: Ok(vec![file]) });
        }
    }
    for ((stem, total), parts) in parts {
        let missing = (1..=total).find(|number| !parts.contains_key(number));
        let files = match missing {
            Some(number) => Err(HeaderError::Missing(format!("{stem}-{number:05}-of-{total:05}.gguf"))),
            None => Ok(parts.into_values().collect()),
        };
        sets.push(Set { name: format!("{stem}.gguf"), format: Format::Gguf, files });
    }
    sets.sort_by_key(|set| (set.name.matches('/').count(), set.name.clone()));
    sets
}

impl Set<'_> {
    fn look<R: Read>(self, rows: usize, open: &mut impl FnMut(&str) -> io::Result<R>) -> Weights {
        let Self { name, format, files } = self;
        let count = files.as_ref().map_or(0, Vec::len);
        let content = files.and_then(|files| {
            let mut facts = Facts::default();
            let mut tally = Tally::new(rows);
            for file in files {
                let reader = open(file.path).map_err(HeaderError::Read)?;
                match format {
                    Format::Safetensors => tally.add(safetensors::read(reader, file.size)?),
                    Format::Gguf => {
                        let header = gguf::read(BufReader::with_capacity(BUFFER, reader), file.size)?;
                        // Of several parts, the first one has the facts.
                        if facts == Facts::default() {
                            facts = header.facts;
                        }
                        tally.add(header.tensors);
                    }
                }
            }
            Ok((facts, tally.finish()))
        });
        Weights { name, format, files: count, content }
    }
}
