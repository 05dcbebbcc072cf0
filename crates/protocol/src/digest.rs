//! Digests and revisions: fixed-length byte strings written as lower-case hex.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not a digest or a revision.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DigestError {
    /// The text has `found` characters; `expected` are needed.
    #[error("expected {expected} hex digits, found {found} characters")]
    Length { expected: usize, found: usize },
    /// The character at this byte offset is not one of `0-9a-f`. Upper case is refused too: a digest is a
    /// name, and a name has one spelling.
    #[error("character {at} is not one of 0-9a-f")]
    Character { at: usize },
}

/// The SHA-256 of some bytes: 32 bytes, written as 64 lower-case hex digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// The revision of a model: 20 bytes, written as 40 lower-case hex digits.
///
/// It is a pure function of the model's content, see [`crate::Manifest::revision_lines`], and has the
/// length of a git commit because model-hub clients insist on that.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Revision([u8; 20]);

macro_rules! hex_name {
    ($name:ident, $len:literal) => {
        impl $name {
            /// Takes the raw bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, DigestError> {
                parse_hex(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = DigestError;

            fn try_from(text: String) -> Result<Self, DigestError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

hex_name!(Digest, 32);
hex_name!(Revision, 20);

impl Revision {
    /// The revision whose content lines (see [`crate::Manifest::revision_lines`]) have this SHA-256: its
    /// first 20 bytes.
    #[must_use]
    pub fn from_lines_digest(digest: &Digest) -> Self {
        let mut bytes = [0; 20];
        bytes.copy_from_slice(&digest.0[..20]);
        Self(bytes)
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], DigestError> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return Err(DigestError::Length { expected: 2 * N, found: digits.len() });
    }
    let value = |at: usize| match digits[at] {
        digit @ b'0'..=b'9' => Ok(digit - b'0'),
        digit @ b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(DigestError::Character { at }),
    };
    let mut bytes = [0; N];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = value(2 * i)? << 4 | value(2 * i + 1)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn hex_round_trips() {
        let digest: Digest = EMPTY.parse().unwrap();
        assert_eq!(digest.as_bytes()[..3], [0xe3, 0xb0, 0xc4]);
        assert_eq!(digest.to_string(), EMPTY);
        assert_eq!(serde_json::to_string(&digest).unwrap(), format!("\"{EMPTY}\""));
    }

    #[test]
    fn other_spellings_are_refused_with_the_place() {
        let upper = EMPTY.to_uppercase().parse::<Digest>();
        assert_eq!(upper, Err(DigestError::Character { at: 0 }));
        let short = EMPTY[1..].parse::<Digest>();
        assert_eq!(short, Err(DigestError::Length { expected: 64, found: 63 }));
        // Multi-byte characters must not split: offsets are bytes.
        let odd = format!("{}é", &EMPTY[..62]).parse::<Digest>();
        assert_eq!(odd, Err(DigestError::Character { at: 62 }));
    }

    #[test]
    fn a_revision_is_the_first_twenty_bytes() {
        let digest: Digest = EMPTY.parse().unwrap();
        assert_eq!(Revision::from_lines_digest(&digest).to_string(), EMPTY[..40]);
    }
}
