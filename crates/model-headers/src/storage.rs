//! How the numbers of a tensor are stored.

use std::borrow::Cow;

/// What sort of numbers they are.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// Floating point, one by one.
    Float,
    /// In blocks with a common scale.
    Quantised,
    /// Whole numbers: positions and the like, or weights that a program has packed itself.
    Whole,
    /// A type that is not known here.
    Unknown,
}

/// A type of storage: `numbers` numbers take `bits` bits.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Storage {
    /// The format's name for it, such as `BF16` or `Q4_K`.
    pub name: Cow<'static, str>,
    /// What sort of numbers they are.
    pub class: Class,
    /// Numbers and bits of a block; `None` if not known here.
    pub block: Option<(u64, u64)>,
}

impl Storage {
    /// A type whose numbers are stored one by one.
    pub(crate) const fn plain(name: &'static str, class: Class, bits: u64) -> Self {
        Self { name: Cow::Borrowed(name), class, block: Some((1, bits)) }
    }

    /// A type whose numbers are stored in blocks of so many bytes.
    pub(crate) const fn blocks(name: &'static str, numbers: u64, bytes: u64) -> Self {
        Self { name: Cow::Borrowed(name), class: Class::Quantised, block: Some((numbers, bytes * 8)) }
    }

    /// A type that is not known here.
    pub(crate) fn unknown(name: String) -> Self {
        Self { name: Cow::Owned(name), class: Class::Unknown, block: None }
    }

    /// The bytes that so many numbers take, if they fill whole blocks and bytes. `None` also for unknown types.
    #[must_use]
    pub fn bytes(&self, numbers: u64) -> Option<u64> {
        let (per_block, bits) = self.block?;
        if !numbers.is_multiple_of(per_block) {
            return None;
        }
        let bits = (numbers / per_block).checked_mul(bits)?;
        bits.is_multiple_of(8).then_some(bits / 8)
    }
}
