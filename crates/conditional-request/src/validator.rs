//! Validators and the preconditions that name them: RFC 9110 sections 8.8 and 13.1.

use crate::date::HttpDate;
use crate::fields::{Alone, Field, Fields, alone};

/// What tells one state of a representation from another.
#[derive(Clone, Copy, Debug)]
pub struct Validators<'a> {
    /// The text inside the quotes of the strong entity tag.
    pub tag: &'a str,
    /// The date in `Last-Modified`.
    pub last_modified: Option<HttpDate>,
}

/// `If-Match` or `If-None-Match`: sections 13.1.1 and 13.1.2.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Tags {
    /// `*`: whatever is there.
    Any,
    /// A list. What does not parse is left out: it names nothing that is here.
    List(Vec<Tag>),
}

/// An entity tag: section 8.8.3.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Tag {
    weak: bool,
    opaque: String,
}

impl Tags {
    /// Reads the field, all its lines together; `None` if the request has none.
    pub(crate) fn of(fields: &impl Fields, field: Field) -> Option<Self> {
        let mut lines = fields.lines(field).peekable();
        lines.peek()?;
        let mut tags = Vec::new();
        for line in lines {
            let line = String::from_utf8_lossy(line);
            if line.trim() == "*" {
                return Some(Self::Any);
            }
            parse_list(&line, &mut tags);
        }
        Some(Self::List(tags))
    }

    /// Section 8.8.3.2: both strong and the same.
    pub(crate) fn match_strongly(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::List(tags) => tags.iter().any(|t| !t.weak && t.opaque == tag),
        }
    }

    /// Section 8.8.3.2: the same, weak or not.
    pub(crate) fn match_weakly(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::List(tags) => tags.iter().any(|t| t.opaque == tag),
        }
    }
}

/// Reads `[W/]"opaque"` elements. A comma may be part of a tag, so commas do not separate them by themselves.
fn parse_list(mut rest: &str, tags: &mut Vec<Tag>) {
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let Some((opaque, after)) = quoted.strip_prefix('"').and_then(|text| text.split_once('"')) else {
            return;
        };
        tags.push(Tag { weak, opaque: opaque.to_owned() });
        rest = after;
    }
}

/// A date field. Sections 13.1.3 and 13.1.4: one that is no date, or not alone, is ignored.
pub(crate) fn date(fields: &impl Fields, field: Field) -> Option<HttpDate> {
    match alone(fields, field) {
        Alone::Once(text) => HttpDate::parse(text),
        Alone::Absent | Alone::Several => None,
    }
}

/// `If-Range`: section 13.1.5.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum IfRange {
    /// There is none: the range holds.
    Absent,
    /// The range holds for the representation of this tag.
    Tag(Tag),
    /// The range holds for the representation of this date.
    Date(HttpDate),
    /// Something else, which holds for nothing.
    Unknown,
}

impl IfRange {
    pub(crate) fn of(fields: &impl Fields) -> Self {
        let line = match alone(fields, Field::IfRange) {
            Alone::Absent => return Self::Absent,
            Alone::Once(line) => line,
            Alone::Several => return Self::Unknown,
        };
        if let Some(date) = HttpDate::parse(line) {
            return Self::Date(date);
        }
        let mut tags = Vec::new();
        parse_list(line, &mut tags);
        match (tags.pop(), tags.is_empty()) {
            (Some(tag), true) => Self::Tag(tag),
            (Some(_) | None, _) => Self::Unknown,
        }
    }

    /// Whether the range is to be honoured. Comparison is strong: a weak tag never matches, and a date only if
    /// it is exactly the same. Dates here are strong validators, since what a URL with a digest or a revision
    /// names never changes (section 8.8.2.2).
    pub(crate) fn holds(&self, validators: Validators<'_>) -> bool {
        match self {
            Self::Absent => true,
            Self::Tag(tag) => !tag.weak && tag.opaque == validators.tag,
            Self::Date(date) => validators.last_modified == Some(*date),
            Self::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Listed;

    fn tags(lines: &[&str]) -> Option<Tags> {
        let fields = Listed(lines.iter().map(|line| ("if-none-match", *line)).collect());
        Tags::of(&fields, Field::IfNoneMatch)
    }

    #[test]
    fn lists_of_tags_are_read_as_far_as_they_make_sense() {
        let strong = |opaque: &str| Tag { weak: false, opaque: opaque.into() };
        let weak = |opaque: &str| Tag { weak: true, opaque: opaque.into() };
        assert_eq!(tags(&[]), None);
        assert_eq!(tags(&[" * "]), Some(Tags::Any));
        let list = |tags| Some(Tags::List(tags));
        assert_eq!(tags(&["\"a\""]), list(vec![strong("a")]));
        assert_eq!(
            tags(&["\"a,b\" , W/\"\",,\"c\"", "\"d\""]),
            list(vec![strong("a,b"), weak(""), strong("c"), strong("d")])
        );
        for odd in ["", "a", "\"a", "w/\"a\"", ","] {
            assert_eq!(tags(&[odd]), list(vec![]), "{odd}");
        }
    }

    #[test]
    fn two_tags_in_if_range_match_nothing() {
        assert_eq!(IfRange::of(&Listed(vec![])), IfRange::Absent);
        for odd in ["\"a\", \"b\"", "yesterday", "*", ""] {
            assert_eq!(IfRange::of(&Listed(vec![("if-range", odd)])), IfRange::Unknown, "{odd}");
        }
    }
}
