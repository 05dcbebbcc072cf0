//! A set of digests.

use std::collections::BinaryHeap;

use crate::Digest;

/// A set of digests: a sorted list. Models have hundreds of pieces, not millions, and a tree would be a tenth
/// of the service worker's size.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DigestSet(Vec<Digest>);

impl DigestSet {
    /// Whether the digest is in the set.
    #[must_use]
    pub fn contains(&self, digest: &Digest) -> bool {
        self.0.binary_search(digest).is_ok()
    }

    /// Adds a digest; says whether it was new.
    pub fn insert(&mut self, digest: Digest) -> bool {
        match self.0.binary_search(&digest) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, digest);
                true
            }
        }
    }

    /// Removes a digest; says whether it was there.
    pub fn remove(&mut self, digest: &Digest) -> bool {
        match self.0.binary_search(digest) {
            Ok(at) => {
                self.0.remove(at);
                true
            }
            Err(_) => false,
        }
    }

    /// The digests in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Digest> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Digest> for DigestSet {
    fn from_iter<I: IntoIterator<Item = Digest>>(digests: I) -> Self {
        // A heap: its code is a tenth of the size of `sort`, and the service worker contains it too.
        let mut digests = digests.into_iter().collect::<BinaryHeap<Digest>>().into_sorted_vec();
        digests.dedup();
        Self(digests)
    }
}

impl<const N: usize> From<[Digest; N]> for DigestSet {
    fn from(digests: [Digest; N]) -> Self {
        digests.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(steps in prop::collection::vec((any::<bool>(), 0_u8..12), 0..80), first in prop::collection::vec(0_u8..12, 0..20)) {
            let digest = |n: u8| Digest::from_bytes([n; 32]);
            let mut set: DigestSet = first.iter().map(|n| digest(*n)).collect();
            let mut model: BTreeSet<Digest> = first.iter().map(|n| digest(*n)).collect();
            for (add, n) in steps {
                if add {
                    prop_assert_eq!(set.insert(digest(n)), model.insert(digest(n)));
                } else {
                    prop_assert_eq!(set.remove(&digest(n)), model.remove(&digest(n)));
                }
                prop_assert_eq!(set.contains(&digest(n)), model.contains(&digest(n)));
                prop_assert!(set.iter().eq(model.iter()));
                prop_assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
            }
        }
    }
}
