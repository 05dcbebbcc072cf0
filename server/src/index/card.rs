//! Reads a few top-level scalars from the front matter of a model's `README.md`. It is not a YAML parser,
//! and ignores what it does not recognise.

/// What a model says of itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Card {
    /// Licence identifier such as `apache-2.0`.
    pub license: Option<String>,
    /// What the model is for, such as `sentence-similarity`.
    pub pipeline_tag: Option<String>,
    /// The library the model is made for.
    pub library_name: Option<String>,
}

impl Card {
    /// Reads the card from a README's text. Without front matter, or with one that never ends, it is empty.
    #[must_use]
    pub(crate) fn parse(readme: &str) -> Self {
        let mut card = Self::default();
        for (key, value) in front_matter(readme).filter_map(top_level_scalar) {
            let field = match key {
                "license" => &mut card.license,
                "pipeline_tag" => &mut card.pipeline_tag,
                "library_name" => &mut card.library_name,
                _ => continue,
            };
            field.get_or_insert(value);
        }
        card
    }
}

/// The lines between a first line `---` and the next one.
fn front_matter(readme: &str) -> impl Iterator<Item = &str> {
    let text = readme.strip_prefix('\u{feff}').unwrap_or(readme);
    let mut lines = text.lines().map(str::trim_end);
    let lines: Vec<&str> = match lines.next() {
        Some("---") => lines.collect(),
        Some(_) | None => Vec::new(),
    };
    let end = lines.iter().position(|line| matches!(*line, "---" | "..."));
    lines.into_iter().take(end.unwrap_or(0))
}

/// `key: value` at the start of a line, the value unquoted and without its comment. Lists, maps, blocks and
/// `null` are no scalars.
fn top_level_scalar(line: &str) -> Option<(&str, String)> {
    let (key, rest) = line.split_once(':')?;
    if key.is_empty() || key.starts_with([' ', '\t', '#', '-']) || !rest.starts_with([' ', '\t']) {
        return None;
    }
    Some((key.trim_end(), scalar(rest.trim())?))
}

fn scalar(text: &str) -> Option<String> {
    let value = match text.chars().next()? {
        '"' => {
            let mut value = String::new();
            let mut rest = text[1..].chars();
            loop {
                match rest.next()? {
                    '"' => break value,
                    '\\' => value.push(rest.next()?),
                    other => value.push(other),
                }
            }
        }
        // A single quote is doubled inside single quotes.
        '\'' => {
            let mut value = String::new();
            let mut rest = text[1..].chars().peekable();
            loop {
                match rest.next()? {
                    '\'' if rest.peek() == Some(&'\'') => value.extend(rest.next()),
                    '\'' => break value,
                    other => value.push(other),
                }
            }
        }
        '[' | '{' | '|' | '>' | '&' | '*' | '!' | '#' | '~' => return None,
        _ => text.split(" #").next()?.trim_end().to_owned(),
    };
    (!value.is_empty() && value != "null").then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn license(front_matter: &str) -> Option<String> {
        Card::parse(&format!("---\n{front_matter}\n---\n# Title")).license
    }

    #[test]
    fn a_usual_card_is_read() {
        let text = "---\nlanguage: en\nlicense: apache-2.0\r\nlibrary_name: sentence-transformers\ntags:\n\
                    - a\n- license: b\npipeline_tag: sentence-similarity\n---\nlicense: none\n";
        let card = Card::parse(text);
        assert_eq!(card.license.as_deref(), Some("apache-2.0"));
        assert_eq!(card.library_name.as_deref(), Some("sentence-transformers"));
        assert_eq!(card.pipeline_tag.as_deref(), Some("sentence-similarity"));
    }

    #[test]
    fn scalars_lose_quotes_and_comments() {
        for (line, expected) in [
            ("license: mit # really", Some("mit")),
            ("license: \"a \\\"b\\\" # c\" # d", Some("a \"b\" # c")),
            ("license: 'it''s'", Some("it's")),
            ("license:   mit  ", Some("mit")),
            ("license : mit", Some("mit")),
            ("license: other\nlicense: mit", Some("other")),
            ("license:", None),
            ("license: null", None),
            ("license: ~", None),
            ("license: [mit, gpl]", None),
            ("license: |\n  text", None),
            ("license: \"open", None),
            ("license:mit", None),
            ("  license: mit", None),
            ("# license: mit", None),
        ] {
            assert_eq!(license(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn texts_without_front_matter_say_nothing() {
        for text in ["", "# Title\nlicense: mit", "---\nlicense: mit", "----\nlicense: mit\n---"] {
            assert_eq!(Card::parse(text), Card::default(), "{text}");
        }
    }
}
