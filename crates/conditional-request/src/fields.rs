//! The header fields of a request that matter for the decision, from any source.

/// The name of a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Field {
    /// RFC 9110 section 13.1.1.
    IfMatch,
    /// Section 13.1.2.
    IfNoneMatch,
    /// Section 13.1.3.
    IfModifiedSince,
    /// Section 13.1.4.
    IfUnmodifiedSince,
    /// Section 13.1.5.
    IfRange,
    /// Section 14.2.
    Range,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::IfMatch,
        Self::IfNoneMatch,
        Self::IfModifiedSince,
        Self::IfUnmodifiedSince,
        Self::IfRange,
        Self::Range,
    ];

    /// The name as it is written, in small letters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::IfMatch => "if-match",
            Self::IfNoneMatch => "if-none-match",
            Self::IfModifiedSince => "if-modified-since",
            Self::IfUnmodifiedSince => "if-unmodified-since",
            Self::IfRange => "if-range",
            Self::Range => "range",
        }
    }
}

/// The fields of one request.
pub trait Fields {
    /// The values of a field, one for each of its lines, without the white space around them.
    fn lines(&self, field: Field) -> impl Iterator<Item = &[u8]>;
}

/// How often a field that may be there once is there.
pub(crate) enum Alone<'a> {
    Absent,
    /// Once. What is no UTF-8 means nothing, and neither does an empty text.
    Once(&'a str),
    Several,
}

pub(crate) fn alone<F: Fields>(fields: &F, field: Field) -> Alone<'_> {
    let mut lines = fields.lines(field);
    match (lines.next(), lines.next()) {
        (None, _) => Alone::Absent,
        (Some(line), None) => Alone::Once(str::from_utf8(line).unwrap_or("")),
        (Some(_), Some(_)) => Alone::Several,
    }
}

/// Fields in the order in which they came.
#[cfg(test)]
pub(crate) struct Listed<'a>(pub Vec<(&'a str, &'a str)>);

#[cfg(test)]
impl Fields for Listed<'_> {
    fn lines(&self, field: Field) -> impl Iterator<Item = &[u8]> {
        let lines = self.0.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(field.name()));
        lines.map(|(_, value)| value.trim().as_bytes())
    }
}
