//! The posted form of the messages between a page and its inference worker: words in a first line, and after it what
//! is long: a text as it is, or lines of numbers.

use std::fmt::Write as _;
use std::str::{FromStr, SplitN};

use super::{Feature, FromInference, Hit, LoadFailure, Span, TextFailure, ToInference};

/// First word of every message, with the version of this vocabulary.
const MESSAGE: &str = "modelferry-inference-1";

/// What a similarity is multiplied by to be posted as a whole number.
const MILLION: f32 = 1e6;

impl ToInference {
    /// The form in which it is posted.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Load { model, revision } => format!("{MESSAGE} load {revision} {model}"),
            Self::Index { job, text } => format!("{MESSAGE} index {job}\n{text}"),
            Self::Cancel { job } => format!("{MESSAGE} cancel {job}"),
            Self::Query { job, number, limit, text } => {
                format!("{MESSAGE} query {job} {number} {limit}\n{text}")
            }
        }
    }

    /// Reads a posted message; `None` if it is not ours, or of another version.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (line, rest) = split(text)?;
        let mut words = line.splitn(4, ' ');
        match words.next()? {
            "load" => {
                let (revision, model) = line.strip_prefix("load ")?.split_once(' ')?;
                Some(Self::Load { revision: revision.parse().ok()?, model: model.parse().ok()? })
            }
            "index" => Some(Self::Index { job: number(&mut words)?, text: rest.to_owned() }),
            "cancel" => Some(Self::Cancel { job: number(&mut words)? }),
            "query" => Some(Self::Query {
                job: number(&mut words)?,
                number: number(&mut words)?,
                limit: number(&mut words)?,
                text: rest.to_owned(),
            }),
            _ => None,
        }
    }
}

impl FromInference {
    /// The form in which it is posted.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Loading { loaded, total } => format!("{MESSAGE} loading {loaded} {total}"),
            Self::Loaded { max_tokens, dimensions } => format!("{MESSAGE} loaded {max_tokens} {dimensions}"),
            Self::Failed(failure) => format!("{MESSAGE} failed {}", load_failure(failure)),
            Self::Passages { job, spans } => {
                let mut text = format!("{MESSAGE} passages {job}");
                for Span { start, end, start_utf16, end_utf16 } in spans {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "\n{start} {end} {start_utf16} {end_utf16}");
                }
                text
            }
            Self::Progress { job, done, total } => format!("{MESSAGE} progress {job} {done} {total}"),
            Self::Indexed { job } => format!("{MESSAGE} indexed {job}"),
            Self::Cancelled { job } => format!("{MESSAGE} cancelled {job}"),
            Self::IndexFailed { job, failure } => {
                format!("{MESSAGE} index-failed {job} {}", text_failure(failure))
            }
            Self::Hits { job, number, searched, hits } => {
                let mut text = format!("{MESSAGE} hits {job} {number} {searched}");
                for Hit { passage, similarity } in hits {
                    // In millionths: pages would need 10 KB of tables to read what Rust writes for an f32.
                    let _ = write!(text, "\n{passage} {}", (similarity * MILLION).round() as i32);
                }
                text
            }
            Self::QueryFailed { number, failure } => {
                format!("{MESSAGE} query-failed {number} {}", text_failure(failure))
            }
        }
    }

    /// Reads a posted message; `None` if it is not ours, or of another version.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (line, rest) = split(text)?;
        let mut words = line.splitn(4, ' ');
        match words.next()? {
            "loading" => Some(Self::Loading { loaded: number(&mut words)?, total: number(&mut words)? }),
            "loaded" => {
                Some(Self::Loaded { max_tokens: number(&mut words)?, dimensions: number(&mut words)? })
            }
            "failed" => Some(Self::Failed(parse_load_failure(line.strip_prefix("failed ")?)?)),
            "passages" => Some(Self::Passages {
                job: number(&mut words)?,
                spans: rest.lines().map(parse_span).collect::<Option<_>>()?,
            }),
            "progress" => Some(Self::Progress {
                job: number(&mut words)?,
                done: number(&mut words)?,
                total: number(&mut words)?,
            }),
            "indexed" => Some(Self::Indexed { job: number(&mut words)? }),
            "cancelled" => Some(Self::Cancelled { job: number(&mut words)? }),
            "index-failed" => {
                let (job, failure) = line.strip_prefix("index-failed ")?.split_once(' ')?;
                Some(Self::IndexFailed { job: job.parse().ok()?, failure: parse_text_failure(failure)? })
            }
            "hits" => Some(Self::Hits {
                job: number(&mut words)?,
                number: number(&mut words)?,
                searched: number(&mut words)?,
                hits: rest.lines().map(parse_hit).collect::<Option<_>>()?,
            }),
            "query-failed" => {
                let (query, failure) = line.strip_prefix("query-failed ")?.split_once(' ')?;
                Some(Self::QueryFailed { number: query.parse().ok()?, failure: parse_text_failure(failure)? })
            }
            _ => None,
        }
    }
}

const FEATURES: [(&str, Feature); 7] = [
    ("architecture", Feature::Architecture),
    ("positions", Feature::Positions),
    ("activation", Feature::Activation),
    ("pooling", Feature::Pooling),
    ("module", Feature::Module),
    ("number-type", Feature::NumberType),
    ("tokenizer", Feature::Tokenizer),
];

fn load_failure(failure: &LoadFailure) -> String {
    match failure {
        LoadFailure::Program(detail) => format!("program {}", in_a_line(detail)),
        LoadFailure::NotReady => "not-ready".to_owned(),
        LoadFailure::Missing(file) => format!("missing {}", in_a_line(file)),
        LoadFailure::Unsupported { feature, found } => {
            let word = FEATURES.iter().find(|(_, known)| known == feature).map_or("", |(word, _)| word);
            format!("unsupported {word} {}", in_a_line(found))
        }
        // Both may have spaces: the length in bytes says where the path ends.
        LoadFailure::Damaged { file, detail } => {
            format!("damaged {} {} {}", in_a_line(file).len(), in_a_line(file), in_a_line(detail))
        }
        LoadFailure::NoMemory => "no-memory".to_owned(),
        LoadFailure::Storage(detail) => format!("storage {}", in_a_line(detail)),
        LoadFailure::AlreadyLoaded => "already-loaded".to_owned(),
    }
}

fn parse_load_failure(text: &str) -> Option<LoadFailure> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "program" => Some(LoadFailure::Program(rest.to_owned())),
        "not-ready" => Some(LoadFailure::NotReady),
        "missing" => Some(LoadFailure::Missing(rest.to_owned())),
        "unsupported" => {
            let (word, found) = rest.split_once(' ')?;
            let (_, feature) = FEATURES.iter().find(|(known, _)| *known == word)?;
            Some(LoadFailure::Unsupported { feature: *feature, found: found.to_owned() })
        }
        "damaged" => {
            let (length, rest) = rest.split_once(' ')?;
            let (file, detail) = rest.split_at_checked(length.parse().ok()?)?;
            let detail = detail.strip_prefix(' ')?.to_owned();
            Some(LoadFailure::Damaged { file: file.to_owned(), detail })
        }
        "no-memory" => Some(LoadFailure::NoMemory),
        "storage" => Some(LoadFailure::Storage(rest.to_owned())),
        "already-loaded" => Some(LoadFailure::AlreadyLoaded),
        _ => None,
    }
}

fn text_failure(failure: &TextFailure) -> String {
    match failure {
        TextFailure::NotLoaded => "not-loaded".to_owned(),
        TextFailure::Empty => "empty".to_owned(),
        TextFailure::UnknownJob => "unknown-job".to_owned(),
        TextFailure::Tokenizer(detail) => format!("tokenizer {}", in_a_line(detail)),
        TextFailure::NoMemory => "no-memory".to_owned(),
    }
}

fn parse_text_failure(text: &str) -> Option<TextFailure> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "not-loaded" => Some(TextFailure::NotLoaded),
        "empty" => Some(TextFailure::Empty),
        "unknown-job" => Some(TextFailure::UnknownJob),
        "tokenizer" => Some(TextFailure::Tokenizer(rest.to_owned())),
        "no-memory" => Some(TextFailure::NoMemory),
        _ => None,
    }
}

fn parse_span(line: &str) -> Option<Span> {
    let mut words = line.splitn(4, ' ');
    Some(Span {
        start: number(&mut words)?,
        end: number(&mut words)?,
        start_utf16: number(&mut words)?,
        end_utf16: number(&mut words)?,
    })
}

fn parse_hit(line: &str) -> Option<Hit> {
    let mut words = line.splitn(2, ' ');
    let (passage, millionths) = (number(&mut words)?, number::<i32>(&mut words)?);
    Some(Hit { passage, similarity: millionths as f32 / MILLION })
}

/// The first line without the version, and what follows it.
fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix(MESSAGE)?.strip_prefix(' ')?;
    Some(text.split_once('\n').unwrap_or((text, "")))
}

fn number<T: FromStr>(words: &mut SplitN<'_, char>) -> Option<T> {
    words.next()?.parse().ok()
}

/// Words of others, in which lines would be misunderstood.
fn in_a_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ModelId, Revision};

    fn models() -> impl Strategy<Value = ModelId> {
        ("[^/\\p{Cc}.]{1,20}", "[^/\\p{Cc}.]{1,20}")
            .prop_filter_map("reserved", |(owner, name)| ModelId::new(&owner, &name).ok())
    }

    fn to_inference() -> impl Strategy<Value = ToInference> {
        prop_oneof![
            (models(), any::<[u8; 20]>()).prop_map(|(model, revision)| ToInference::Load {
                model,
                revision: Revision::from_bytes(revision)
            }),
            (any::<u32>(), any::<String>()).prop_map(|(job, text)| ToInference::Index { job, text }),
            any::<u32>().prop_map(|job| ToInference::Cancel { job }),
            (any::<u32>(), any::<u32>(), any::<u32>(), any::<String>())
                .prop_map(|(job, number, limit, text)| ToInference::Query { job, number, limit, text }),
        ]
    }

    fn load_failures() -> impl Strategy<Value = LoadFailure> {
        let features = prop::sample::select(FEATURES.map(|(_, feature)| feature).to_vec());
        prop_oneof![
            "\\PC*".prop_map(LoadFailure::Program),
            Just(LoadFailure::NotReady),
            "\\PC*".prop_map(LoadFailure::Missing),
            (features, "\\PC*").prop_map(|(feature, found)| LoadFailure::Unsupported { feature, found }),
            ("\\PC*", "\\PC*").prop_map(|(file, detail)| LoadFailure::Damaged { file, detail }),
            Just(LoadFailure::NoMemory),
            "\\PC*".prop_map(LoadFailure::Storage),
            Just(LoadFailure::AlreadyLoaded),
        ]
    }

    fn text_failures() -> impl Strategy<Value = TextFailure> {
        prop_oneof![
            Just(TextFailure::NotLoaded),
            Just(TextFailure::Empty),
            Just(TextFailure::UnknownJob),
            "\\PC*".prop_map(TextFailure::Tokenizer),
            Just(TextFailure::NoMemory),
        ]
    }

    fn from_inference() -> impl Strategy<Value = FromInference> {
        let spans = any::<(u32, u32, u32, u32)>().prop_map(|(start, end, start_utf16, end_utf16)| Span {
            start,
            end,
            start_utf16,
            end_utf16,
        });
        let hits = (any::<u32>(), -1_000_000..=1_000_000).prop_map(|(passage, millionths): (u32, i32)| Hit {
            passage,
            similarity: millionths as f32 / MILLION,
        });
        prop_oneof![
            any::<(u64, u64)>().prop_map(|(loaded, total)| FromInference::Loading { loaded, total }),
            any::<(u32, u32)>()
                .prop_map(|(max_tokens, dimensions)| FromInference::Loaded { max_tokens, dimensions }),
            load_failures().prop_map(FromInference::Failed),
            (any::<u32>(), prop::collection::vec(spans, 0..4))
                .prop_map(|(job, spans)| FromInference::Passages { job, spans }),
            any::<(u32, u32, u32)>().prop_map(|(job, done, total)| FromInference::Progress {
                job,
                done,
                total
            }),
            any::<u32>().prop_map(|job| FromInference::Indexed { job }),
            any::<u32>().prop_map(|job| FromInference::Cancelled { job }),
            (any::<u32>(), text_failures())
                .prop_map(|(job, failure)| FromInference::IndexFailed { job, failure }),
            (any::<(u32, u32, u32)>(), prop::collection::vec(hits, 0..4)).prop_map(
                |((job, number, searched), hits)| FromInference::Hits { job, number, searched, hits }
            ),
            (any::<u32>(), text_failures())
                .prop_map(|(number, failure)| FromInference::QueryFailed { number, failure }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(to in to_inference(), from in from_inference()) {
            prop_assert_eq!(ToInference::from_text(&to.to_text()), Some(to));
            prop_assert_eq!(FromInference::from_text(&from.to_text()), Some(from));
        }

        #[test]
        fn nothing_that_is_read_panics(text in any::<String>(), from in from_inference(), at in any::<prop::sample::Index>(), other in any::<char>()) {
            for text in [text.clone(), format!("{MESSAGE} {text}"), format!("{MESSAGE} failed damaged 3 {text}")] {
                let _ = ToInference::from_text(&text);
                let _ = FromInference::from_text(&text);
            }
            let mut chars: Vec<char> = from.to_text().chars().collect();
            let at = at.index(chars.len());
            chars[at] = other;
            let _ = FromInference::from_text(&chars.into_iter().collect::<String>());
        }
    }

    #[test]
    fn the_forms_are_what_scripts_may_write() {
        let index = ToInference::Index { job: 3, text: "One.\nTwo.".to_owned() };
        assert_eq!(index.to_text(), "modelferry-inference-1 index 3\nOne.\nTwo.");
        let failed = FromInference::Failed(LoadFailure::Program("a\nb".to_owned()));
        assert_eq!(failed.to_text(), "modelferry-inference-1 failed program a b");
        for other in ["modelferry-inference-2 cancel 1", "modelferry-inference-1 dance 1", "cancel 1", ""] {
            assert_eq!(ToInference::from_text(other), None);
        }
    }
}
