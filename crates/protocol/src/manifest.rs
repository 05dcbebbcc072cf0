//! The manifest: the files of one revision of a model, and the pieces they are cut into.

mod stored;

use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

use crate::{Digest, FilePath, ModelId, Revision};

/// One piece: a slice of a file, named by the SHA-256 of its bytes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Piece {
    /// SHA-256 of the piece's bytes; its name everywhere.
    pub digest: Digest,
    /// Length in bytes; never 0.
    pub size: u64,
}

/// The part of one piece that belongs to a part of its file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Slice {
    /// The piece.
    pub piece: Piece,
    /// The first byte of the piece that belongs to it.
    pub first: u64,
    /// The first one behind it that does not.
    pub end: u64,
}

impl Slice {
    /// Whether it is all of its piece.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.first == 0 && self.end == self.piece.size
    }
}

/// One file of a model.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// Where the file is inside the model.
    pub path: FilePath,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of the whole file.
    pub sha256: Digest,
    /// SHA-256 of each piece, in order. All but the last piece are [`Manifest::piece_size`] bytes long; an
    /// empty file has none.
    pub pieces: Vec<Digest>,
}

/// Everything needed to fetch, verify and serve one revision of a model.
///
/// A value of this type is consistent: deserialising checks the same rules as [`Manifest::new`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Manifest {
    model: ModelId,
    revision: Revision,
    piece_size: u64,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct Unchecked {
    model: ModelId,
    revision: Revision,
    piece_size: u64,
    files: Vec<File>,
}

/// Why a manifest contradicts itself.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ManifestError {
    /// The piece size is 0.
    #[error("the piece size must not be 0")]
    PieceSizeZero,
    /// A file is listed twice, or before one whose path sorts before its own.
    #[error("\"{0}\" is listed twice, or not in the order of paths")]
    Order(FilePath),
    /// The number of pieces does not fit the file's size.
    #[error("\"{path}\" needs {expected} pieces, {found} are listed")]
    PieceCount { path: FilePath, expected: u64, found: u64 },
    /// One piece is named with two different sizes.
    #[error("piece {0} appears with two different sizes")]
    PieceSize(Digest),
    /// The sizes add up to more than 2^64 bytes.
    #[error("the sizes add up to more than 2^64 bytes")]
    TooLarge,
}

impl TryFrom<Unchecked> for Manifest {
    type Error = ManifestError;

    fn try_from(raw: Unchecked) -> Result<Self, ManifestError> {
        Self::new(raw.model, raw.revision, raw.piece_size, raw.files)
    }
}

impl Manifest {
    /// Puts a manifest together from files in the order of their paths.
    ///
    /// # Errors
    /// [`ManifestError`] when the parts contradict each other. That the revision belongs to the content is
    /// *not* checked here, since hashing is the caller's: see [`Manifest::revision_lines`].
    pub fn new(
        model: ModelId,
        revision: Revision,
        piece_size: u64,
        files: Vec<File>,
    ) -> Result<Self, ManifestError> {
        if piece_size == 0 {
            return Err(ManifestError::PieceSizeZero);
        }
        if let Some(pair) = files.windows(2).find(|pair| pair[0].path >= pair[1].path) {
            return Err(ManifestError::Order(pair[1].path.clone()));
        }
        let mut total = 0_u64;
        for file in &files {
            total = total.checked_add(file.size).ok_or(ManifestError::TooLarge)?;
            let expected = file.size.div_ceil(piece_size);
            let found = file.pieces.len() as u64;
            if expected != found {
                let path = file.path.clone();
                return Err(ManifestError::PieceCount { path, expected, found });
            }
        }
        let manifest = Self { model, revision, piece_size, files };
        let pieces = manifest.pieces();
        match pieces.windows(2).find(|pair| pair[0].digest == pair[1].digest) {
            Some(pair) => Err(ManifestError::PieceSize(pair[0].digest)),
            None => Ok(manifest),
        }
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ModelId {
        &self.model
    }

    /// The revision.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Length in bytes of every piece but a file's last.
    #[must_use]
    pub fn piece_size(&self) -> u64 {
        self.piece_size
    }

    /// The files, sorted by path.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The pieces of one file of this manifest, in order.
    pub fn pieces_of<'a>(&self, file: &'a File) -> impl Iterator<Item = Piece> + use<'a> {
        cut(file, self.piece_size)
    }

    /// The file of this path.
    #[must_use]
    pub fn file(&self, path: &FilePath) -> Option<&File> {
        self.files.get(self.files.binary_search_by(|file| file.path.cmp(path)).ok()?)
    }

    /// What makes up the bytes of a file of this manifest from position `first` up to `end`, exclusive.
    pub fn slices_of<'a>(
        &self,
        file: &'a File,
        first: u64,
        end: u64,
    ) -> impl Iterator<Item = Slice> + use<'a> {
        let mut start = 0;
        cut(file, self.piece_size).filter_map(move |piece| {
            let from = start;
            start += piece.size;
            let slice = Slice {
                piece,
                first: first.saturating_sub(from),
                end: end.saturating_sub(from).min(piece.size),
            };
            (slice.first < slice.end).then_some(slice)
        })
    }

    /// Every piece once, sorted by digest. A piece that several files share appears once.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        let pieces: BinaryHeap<Piece> =
            self.files.iter().flat_map(|file| cut(file, self.piece_size)).collect();
        // A heap: its code is a tenth of the size of `sort`, and the service worker contains it too.
        let mut pieces = pieces.into_sorted_vec();
        pieces.dedup();
        pieces
    }

    /// The text whose SHA-256 gives the revision: one line `<sha256> <size> <path>\n` a file, sorted.
    ///
    /// Model id and piece size are left out on purpose: the revision names content.
    #[must_use]
    pub fn revision_lines(files: &[File]) -> String {
        let lines: BinaryHeap<String> =
            files.iter().map(|file| format!("{} {} {}\n", file.sha256, file.size, file.path)).collect();
        lines.into_sorted_vec().concat()
    }
}

fn cut(file: &File, piece_size: u64) -> impl Iterator<Item = Piece> + use<'_> {
    file.pieces.iter().enumerate().map(move |(i, digest)| Piece {
        digest: *digest,
        size: piece_size.min(file.size - i as u64 * piece_size),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: u8) -> Digest {
        Digest::from_bytes([n; 32])
    }

    fn file(path: &str, size: u64, pieces: &[u8]) -> File {
        File {
            path: path.parse().unwrap(),
            size,
            sha256: digest(99),
            pieces: pieces.iter().map(|n| digest(*n)).collect(),
        }
    }

    fn manifest(files: Vec<File>) -> Result<Manifest, ManifestError> {
        Manifest::new("o/n".parse().unwrap(), Revision::from_bytes([7; 20]), 10, files)
    }

    #[test]
    fn pieces_are_full_but_the_last_and_shared_ones_count_once() {
        let m = manifest(vec![file("a", 20, &[1, 2]), file("b", 25, &[1, 2, 3]), file("e", 0, &[])]).unwrap();
        let sizes: Vec<u64> = m.pieces().iter().map(|p| p.size).collect();
        assert_eq!(sizes, [10, 10, 5]);
    }

    #[test]
    fn slices_put_together_are_the_part_that_was_asked_for() {
        let m = manifest(vec![file("a", 1, &[9]), file("b", 25, &[1, 2, 3]), file("e", 0, &[])]).unwrap();
        let b = m.file(&"b".parse().unwrap()).unwrap();
        assert_eq!(m.file(&"c".parse().unwrap()), None);
        for first in 0..25 {
            for end in first..=25 {
                let mut at = first;
                for slice in m.slices_of(b, first, end) {
                    let start = u64::from(slice.piece.digest.as_bytes()[0] - 1) * 10;
                    assert_eq!(start + slice.first, at, "{first}..{end}");
                    assert!(slice.end > slice.first && slice.end <= slice.piece.size);
                    assert_eq!(slice.is_whole(), slice.end - slice.first == slice.piece.size);
                    at = start + slice.end;
                }
                assert_eq!(at, end, "{first}..{end}");
            }
        }
        let empty = m.file(&"e".parse().unwrap()).unwrap();
        assert_eq!(m.slices_of(empty, 0, 0).count(), 0);
    }

    #[test]
    fn contradictions_are_named() {
        let path = |text: &str| text.parse().unwrap();
        assert_eq!(
            manifest(vec![file("a", 20, &[1])]),
            Err(ManifestError::PieceCount { path: path("a"), expected: 2, found: 1 })
        );
        assert_eq!(
            manifest(vec![file("a", 1, &[1]), file("a", 1, &[1])]),
            Err(ManifestError::Order(path("a")))
        );
        assert_eq!(
            manifest(vec![file("b", 1, &[1]), file("a", 1, &[1])]),
            Err(ManifestError::Order(path("a")))
        );
        assert_eq!(manifest(vec![file("a", 15, &[1, 1])]), Err(ManifestError::PieceSize(digest(1))));
        assert_eq!(
            manifest(vec![file("a", u64::MAX - 1, &[]), file("b", 9, &[1])]).unwrap_err().to_string(),
            "\"a\" needs 1844674407370955162 pieces, 0 are listed"
        );
    }

    #[test]
    fn json_is_checked_while_it_is_read() {
        let good = manifest(vec![file("a", 15, &[1, 2])]).unwrap();
        let json = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), good);
        let bad = json.replace("\"piece_size\":10", "\"piece_size\":3");
        let error = serde_json::from_str::<Manifest>(&bad).unwrap_err().to_string();
        assert!(error.starts_with("\"a\" needs 5 pieces, 2 are listed"), "{error}");
    }

    #[test]
    fn revision_lines_do_not_depend_on_order() {
        let files = [file("b", 1, &[1]), file("a", 2, &[1])];
        let lines = Manifest::revision_lines(&files);
        let expected = format!("{d} 1 b\n{d} 2 a\n", d = digest(99));
        assert_eq!(lines, expected);
        let swapped = [files[1].clone(), files[0].clone()];
        assert_eq!(Manifest::revision_lines(&swapped), lines);
    }
}
