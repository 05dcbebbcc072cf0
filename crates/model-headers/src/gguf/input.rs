//! Reads the small things that a header is made of, and counts the bytes.

use std::io::{self, Read};

use crate::error::HeaderError;

/// A header that is being read.
pub(super) struct Input<R> {
    reader: R,
    position: u64,
    /// Bytes that the header can have.
    limit: u64,
    swapped: bool,
}

impl<R: Read> Input<R> {
    pub(super) fn new(reader: R, limit: u64) -> Self {
        Self { reader, position: 0, limit, swapped: false }
    }

    /// From here on, numbers have their highest byte first.
    pub(super) fn swap_bytes(&mut self) {
        self.swapped = true;
    }

    /// Bytes read up to now.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    fn left(&self) -> u64 {
        self.limit - self.position
    }

    /// Makes sure that so many bytes can follow, before anybody waits for them or makes room.
    fn advance(&mut self, bytes: u64) -> Result<(), HeaderError> {
        if bytes > self.left() {
            return Err(HeaderError::Ended);
        }
        self.position += bytes;
        Ok(())
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], HeaderError> {
        self.advance(N as u64)?;
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, HeaderError> {
        let bytes = self.bytes()?;
        Ok(if self.swapped { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    pub(super) fn u64(&mut self) -> Result<u64, HeaderError> {
        let bytes = self.bytes()?;
        Ok(if self.swapped { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// A whole number of 1, 2, 4 or 8 bytes; `None` if it is below zero.
    pub(super) fn number(&mut self, width: u64, signed: bool) -> Result<Option<u64>, HeaderError> {
        let number = match width {
            1 => u64::from(self.bytes::<1>()?[0]),
            2 => {
                let bytes = self.bytes()?;
                u64::from(if self.swapped { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
            }
            4 => u64::from(self.u32()?),
            _ => self.u64()?,
        };
        let negative = signed && number >> (8 * width - 1) == 1;
        Ok((!negative).then_some(number))
    }

    /// A text of at most `limit` bytes.
    pub(super) fn text(&mut self, limit: u64, what: &'static str) -> Result<String, HeaderError> {
        let length = self.u64()?;
        if length > limit {
            return Err(HeaderError::TooMuch { what, found: length });
        }
        self.exact_text(length)
    }

    /// A text of so many bytes.
    pub(super) fn exact_text(&mut self, length: u64) -> Result<String, HeaderError> {
        self.advance(length)?;
        let mut bytes = Vec::new();
        if (self.reader.by_ref().take(length).read_to_end(&mut bytes)? as u64) < length {
            return Err(HeaderError::Ended);
        }
        String::from_utf8(bytes).or(Err(HeaderError::Text))
    }

    /// Reads over so many bytes.
    pub(super) fn skip(&mut self, bytes: u64) -> Result<(), HeaderError> {
        self.advance(bytes)?;
        if io::copy(&mut self.reader.by_ref().take(bytes), &mut io::sink())? < bytes {
            return Err(HeaderError::Ended);
        }
        Ok(())
    }
}
