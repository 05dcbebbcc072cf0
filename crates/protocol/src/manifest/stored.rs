//! The stored form of a manifest.

use std::fmt::Write as _;
use std::str::FromStr;

use crate::{File, Manifest, TextForm};

/// First line. A reader that finds another one treats the manifest as absent.
const FIRST_LINE: &str = "modelferry manifest 1";

/// A header of four lines, then for each file a line `<size> <sha256> <path>` and, indented by a space, one line a piece.
impl TextForm for Manifest {
    fn write_text(&self, text: &mut String) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{FIRST_LINE}\n{}\n{}\n{}", self.model(), self.revision(), self.piece_size());
        for file in self.files() {
            let _ = writeln!(text, "{} {} {}", file.size, file.sha256, file.path);
            for digest in &file.pieces {
                let _ = writeln!(text, " {digest}");
            }
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let model = parse(lines.next())?;
        let revision = parse(lines.next())?;
        let piece_size = parse(lines.next())?;
        let mut files: Vec<File> = Vec::new();
        for line in lines {
            if let Some(digest) = line.strip_prefix(' ') {
                files.last_mut()?.pieces.push(digest.parse().ok()?);
            } else {
                let mut words = line.splitn(3, ' ');
                files.push(File {
                    size: parse(words.next())?,
                    sha256: parse(words.next())?,
                    path: parse(words.next())?,
                    pieces: Vec::new(),
                });
            }
        }
        Self::new(model, revision, piece_size, files).ok()
    }
}

fn parse<T: FromStr>(word: Option<&str>) -> Option<T> {
    word?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Digest, ModelId, Revision};

    fn manifests() -> impl Strategy<Value = Manifest> {
        let models = ("[^/\\p{Cc}.]{1,20}", "[^/\\p{Cc}.]{1,20}")
            .prop_filter_map("reserved", |(owner, name)| ModelId::new(&owner, &name).ok());
        let files = prop::collection::vec(("[^/\\p{Cc}.]{1,12}(/[^/\\p{Cc}.]{1,12})?", 0_u64..50), 0..6);
        (models, any::<[u8; 20]>(), 1_u64..20, files).prop_filter_map(
            "twice",
            |(model, revision, piece_size, files)| {
                let file = |(i, (path, size)): (usize, (String, u64))| File {
                    path: path.parse().unwrap(),
                    size,
                    sha256: Digest::from_bytes([i as u8; 32]),
                    pieces: (0..size.div_ceil(piece_size))
                        .map(|n| Digest::from_bytes([i as u8 * 50 + n as u8; 32]))
                        .collect(),
                };
                let mut files: Vec<File> = files.into_iter().enumerate().map(file).collect();
                files.sort_by(|a, b| a.path.cmp(&b.path));
                Manifest::new(model, Revision::from_bytes(revision), piece_size, files).ok()
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(manifest in manifests()) {
            prop_assert_eq!(Manifest::from_text(&manifest.to_text()), Some(manifest));
        }

        #[test]
        fn a_damaged_manifest_is_read_as_a_consistent_one_or_not_at_all(
            text in "\\PC*", manifest in manifests(), at in any::<prop::sample::Index>(), other in any::<char>(),
        ) {
            let _ = Manifest::from_text(&text);
            let mut chars: Vec<char> = manifest.to_text().chars().collect();
            let at = at.index(chars.len());
            chars[at] = other;
            let _ = Manifest::from_text(&chars.into_iter().collect::<String>());
        }
    }

    #[test]
    fn another_form_is_no_manifest() {
        assert_eq!(Manifest::from_text("{\"model\":\"a/b\"}"), None);
    }
}
