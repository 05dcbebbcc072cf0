//! A tensor, as a header describes it.

use crate::error::{HeaderError, TensorFault};
use crate::storage::Storage;

/// More dimensions than this no tensor has.
pub(crate) const MOST_DIMENSIONS: usize = 8;

/// More tensors than this no model has in one file.
pub(crate) const MOST_TENSORS: u64 = 250_000;

/// Name, shape and storage of a tensor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its dimensions, the one that changes fastest last. Empty for a single number.
    pub shape: Vec<u64>,
    /// How its numbers are stored.
    pub storage: Storage,
    /// How many they are.
    pub numbers: u64,
    /// Their bytes in the file; `None` if their type is not known.
    pub bytes: Option<u64>,
}

impl Tensor {
    /// # Errors
    /// [`HeaderError::Tensor`] if there are more numbers or dimensions than there can be.
    pub(crate) fn new(name: String, shape: Vec<u64>, storage: Storage) -> Result<Self, HeaderError> {
        let numbers = shape.iter().try_fold(1_u64, |product, length| product.checked_mul(*length));
        match numbers {
            _ if shape.len() > MOST_DIMENSIONS => Err(fault(name, TensorFault::Dimensions)),
            None => Err(fault(name, TensorFault::Overflow)),
            Some(numbers) => {
                let bytes = storage.bytes(numbers);
                Ok(Self { name, shape, storage, numbers, bytes })
            }
        }
    }
}

/// The error that names a tensor. Names are as long as a file likes, sentences are not.
pub(crate) fn fault(name: String, fault: TensorFault) -> HeaderError {
    HeaderError::Tensor { name: shortened(name), fault }
}

/// A text of at most 200 characters.
pub(crate) fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(200) {
        text.truncate(end);
        text.push('…');
    }
    text
}
