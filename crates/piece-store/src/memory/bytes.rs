//! Bytes in memory, written out or described.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use protocol::Digest;
use sha2::{Digest as _, Sha256};

use crate::Bytes;

/// Bytes in memory. A clone shares the memory.
#[derive(Clone, Default)]
pub struct MemoryBytes(Rc<RefCell<Vec<Run>>>);

/// Some bytes, one after the other.
#[derive(Clone, Eq, PartialEq)]
struct Run {
    length: u32,
    source: Source,
}

#[derive(Clone, Eq, PartialEq)]
enum Source {
    Zeros,
    /// These, from this offset.
    Written(Rc<[u8]>, u32),
    /// Those of the content of this number, from this offset.
    Described(u64, u32),
}

impl Run {
    fn cut(&self, first: u32, end: u32) -> Self {
        let source = match &self.source {
            Source::Zeros => Source::Zeros,
            Source::Written(bytes, offset) => Source::Written(Rc::clone(bytes), offset + first),
            Source::Described(content, offset) => Source::Described(*content, offset + first),
        };
        Self { length: end - first, source }
    }

    fn continues(&self, next: &Self) -> bool {
        match (&self.source, &next.source) {
            (Source::Zeros, Source::Zeros) => true,
            (Source::Described(one, offset), Source::Described(other, next)) => {
                one == other && offset + self.length == *next
            }
            (Source::Written(one, offset), Source::Written(other, next)) => {
                Rc::ptr_eq(one, other) && offset + self.length == *next
            }
            _ => false,
        }
    }
}

impl MemoryBytes {
    /// The first `length` bytes of the content of this number, which differs from all others.
    #[must_use]
    pub fn described(content: u64, length: u32) -> Self {
        Self::of(Source::Described(content, 0), length)
    }

    fn of(source: Source, length: u32) -> Self {
        let runs = if length == 0 { Vec::new() } else { vec![Run { length, source }] };
        Self(Rc::new(RefCell::new(runs)))
    }

    /// The number of bytes.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.0.borrow().iter().map(|run| run.length).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// A copy of some of them.
    #[must_use]
    pub fn slice(&self, first: u32, end: u32) -> Self {
        Self(Rc::new(RefCell::new(slice(&self.0.borrow(), first, end))))
    }

    /// A copy of all.
    #[must_use]
    pub fn copied(&self) -> Self {
        Self(Rc::new(RefCell::new(self.0.borrow().clone())))
    }

    /// These and then those.
    pub fn append(&self, other: &Self) {
        let other = other.0.borrow().clone();
        let runs = &mut *self.0.borrow_mut();
        other.into_iter().for_each(|run| push(runs, run));
    }

    /// The SHA-256. That of described bytes is the SHA-256 of their description: the same for the same bytes, and another one for
    /// other bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        for Run { length, source } in &*self.0.borrow() {
            match source {
                // So many are memory that nothing was written to, and no part of a right piece.
                Source::Zeros if *length > 65_536 => hash.update(format!("\0zeros:{length}")),
                Source::Zeros => (0..*length).for_each(|_| hash.update([0])),
                Source::Written(bytes, offset) => {
                    hash.update(&bytes[*offset as usize..(*offset + length) as usize]);
                }
                Source::Described(content, offset) => {
                    hash.update(format!("\0{content}:{offset}+{length}"));
                }
            }
        }
        Digest::from_bytes(hash.finalize().into())
    }

    /// The bytes, where they are written out.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for Run { length, source } in &*self.0.borrow() {
            match source {
                Source::Written(written, offset) => {
                    bytes.extend(&written[*offset as usize..(*offset + length) as usize]);
                }
                Source::Zeros | Source::Described(..) => bytes.resize(bytes.len() + *length as usize, 0),
            }
        }
        bytes
    }
}

fn slice(runs: &[Run], first: u32, end: u32) -> Vec<Run> {
    let mut at = 0;
    let mut found = Vec::new();
    for run in runs {
        let (from, to) = (first.max(at), end.min(at + run.length));
        if from < to {
            found.push(run.cut(from - at, to - at));
        }
        at += run.length;
    }
    found
}

fn push(runs: &mut Vec<Run>, run: Run) {
    match runs.last_mut() {
        Some(last) if last.continues(&run) => last.length += run.length,
        Some(_) | None => runs.push(run),
    }
}

impl Bytes for MemoryBytes {
    fn with_length(length: u32) -> Self {
        Self::of(Source::Zeros, length)
    }

    fn length(&self) -> u32 {
        self.len()
    }

    fn copy_from(&self, bytes: &Self, offset: u32) {
        let length = self.len();
        let end = offset + bytes.len();
        assert!(end <= length, "bytes {offset} to {end} of {length}");
        let runs = &mut *self.0.borrow_mut();
        let (before, behind) = (slice(runs, 0, offset), slice(runs, end, length));
        let new = bytes.0.borrow().clone();
        runs.clear();
        before.into_iter().chain(new).chain(behind).for_each(|run| push(runs, run));
    }

    fn release(self) {
        self.0.take();
    }
}

impl From<&[u8]> for MemoryBytes {
    fn from(bytes: &[u8]) -> Self {
        Self::of(Source::Written(bytes.into(), 0), bytes.len() as u32)
    }
}

impl fmt::Debug for MemoryBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Run { length, source } in &*self.0.borrow() {
            match source {
                Source::Zeros => write!(f, "[{length} zeros]")?,
                Source::Written(_, offset) => write!(f, "[{length} bytes from {offset}]")?,
                Source::Described(content, offset) => {
                    write!(f, "[{length} bytes of {content} from {offset}]")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_come_in_any_order_are_the_same_in_the_end() {
        let whole = MemoryBytes::described(7, 100);
        let put_together = MemoryBytes::with_length(100);
        for (first, end) in [(40, 70), (10, 20), (0, 50), (60, 100)] {
            assert_ne!(put_together.digest(), whole.digest());
            put_together.copy_from(&whole.slice(first, end), first);
        }
        assert_eq!(put_together.digest(), whole.digest());
        put_together.copy_from(&MemoryBytes::described(8, 1), 99);
        assert_ne!(put_together.digest(), whole.digest());
    }
}
