//! The header of a GGUF file: facts as keys with values, then a description of every tensor.
//! <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>

mod input;
mod metadata;
mod numbers;

use std::collections::HashSet;
use std::io::Read;

use crate::error::{HeaderError, TensorFault};
use crate::facts::Facts;
use crate::tensor::{MOST_DIMENSIONS, MOST_TENSORS, Tensor, fault};

use input::Input;
use metadata::Metadata;

/// Bytes of the longest header that is read. Those with a large vocabulary and its merges have some 20 MB.
const LIMIT: u64 = 128 << 20;

/// Bytes of a tensor's longest name. The format allows 64.
const LONGEST_NAME: u64 = 1 << 10;

/// What a header says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// What the model says of itself.
    pub facts: Facts,
    /// The tensors, in the order of the file.
    pub tensors: Vec<Tensor>,
}

/// Reads the header of a file of `size` bytes and of version 2 or 3. `file` should be buffered: it is read in small steps, and
/// by no byte further than the header goes.
///
/// # Errors
/// [`HeaderError`], also if a tensor ends after the end of the file.
pub fn read(file: impl Read, size: u64) -> Result<Header, HeaderError> {
    let mut input = Input::new(file, LIMIT.min(size));
    if input.bytes::<4>()? != *b"GGUF" {
        return Err(HeaderError::Foreign);
    }
    match input.u32()? {
        2 | 3 => {}
        // The file is of the other byte order, which nothing else in it tells.
        swapped if matches!(swapped.swap_bytes(), 2 | 3) => input.swap_bytes(),
        other => return Err(HeaderError::Version(other)),
    }
    let tensors = input.u64()?;
    if tensors > MOST_TENSORS {
        return Err(HeaderError::TooMuch { what: "the number of its tensors", found: tensors });
    }
    let metadata = Metadata::read(&mut input)?;
    let mut placed = Vec::new();
    let mut names = HashSet::new();
    for _ in 0..tensors {
        let (tensor, offset) = tensor(&mut input)?;
        if !names.insert(tensor.name.clone()) {
            return Err(fault(tensor.name, TensorFault::Twice));
        }
        placed.push((tensor, offset));
    }
    // The tensors' bytes begin at the next multiple of the alignment.
    let alignment = metadata.alignment()?;
    let start = input.position().checked_next_multiple_of(alignment);
    let room = start.and_then(|start| size.checked_sub(start)).unwrap_or(0);
    let mut tensors = Vec::with_capacity(placed.len());
    for (tensor, offset) in placed {
        // Of an unknown type, the beginning at least.
        let end = offset.checked_add(tensor.bytes.unwrap_or(0));
        if end.is_none_or(|end| end > room) {
            return Err(fault(tensor.name, TensorFault::Cut));
        }
        tensors.push(tensor);
    }
    Ok(Header { facts: metadata.facts(), tensors })
}

/// A tensor and where its bytes begin.
fn tensor<R: Read>(input: &mut Input<R>) -> Result<(Tensor, u64), HeaderError> {
    let name = input.text(LONGEST_NAME, "the length of a tensor's name")?;
    let dimensions = input.u32()?;
    if dimensions as usize > MOST_DIMENSIONS {
        return Err(fault(name, TensorFault::Dimensions));
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        shape.push(input.u64()?);
    }
    let storage = numbers::storage(input.u32()?);
    let offset = input.u64()?;
    // A block is a part of one row.
    let row = shape.first().copied().unwrap_or(1);
    if storage.block.is_some_and(|(numbers, _)| !row.is_multiple_of(numbers)) {
        return Err(fault(name, TensorFault::Size));
    }
    // The format has the dimension that changes fastest first.
    shape.reverse();
    let tensor = Tensor::new(name, shape, storage)?;
    if tensor.bytes.is_none() && tensor.storage.block.is_some() {
        return Err(fault(tensor.name, TensorFault::Overflow));
    }
    Ok((tensor, offset))
}
