//! A buffer for hashing bodies, reused for one piece after the other.
//!
//! The browser writes a body to disk faster than a program can. The store then reads the body back for
//! hashing, always into the same memory.

use std::cell::RefCell;

use js_sys::{ArrayBuffer, Uint8Array};
use protocol::{Digest, Refusal};
use wasm_bindgen::JsValue;
use web_sys::Blob;

use crate::ByteReader;
use crate::async_mutex::AsyncMutex;
use crate::bytes::release;
use crate::globals::sha256;

/// Memory that is used for one piece after the other.
#[derive(Debug, Default)]
pub(crate) struct PieceBuffer {
    memory: RefCell<Option<ArrayBuffer>>,
    reader: AsyncMutex,
}

impl PieceBuffer {
    /// Takes memory that is not needed for something else any more.
    pub(crate) fn offer(&self, memory: ArrayBuffer) {
        if self.memory.borrow().is_some() || self.reader.is_locked() {
            release(&memory);
        } else {
            self.memory.replace(Some(memory));
        }
    }

    /// Gives the memory back, if it is not in use.
    pub(crate) fn let_go(&self) {
        if let Some(memory) = self.memory.take() {
            release(&memory);
        }
    }

    /// The SHA-256 of a blob. One after the other: browsers hash a copy of what they are given, which is as large.
    pub(crate) async fn hash(&self, blob: &Blob) -> Result<Digest, Refusal> {
        let _guard = self.reader.lock().await;
        let bytes = self.read(blob).await.or(Err(Refusal::Unavailable))?;
        Ok(sha256(&bytes).await?)
    }

    /// The bytes of a blob; good until the next call.
    async fn read(&self, blob: &Blob) -> Result<Uint8Array, JsValue> {
        // A piece has at most 256 MiB. What is longer cannot be one, and is not read to its end.
        let size = (blob.size() as u64).min(u64::from(u32::MAX)) as u32;
        if self.memory.borrow().as_ref().is_some_and(|memory| memory.byte_length() < size) {
            self.let_go();
        }
        let memory = self.memory.take().unwrap_or_else(|| ArrayBuffer::new(size));
        let mut reader = ByteReader::new(&blob.stream(), memory)?;
        let mut at = 0;
        while at < size
            && let Some(chunk) = reader.read(at).await?
        {
            at = at.saturating_add(chunk.length());
        }
        let Some(memory) = reader.into_memory() else {
            return Ok(Uint8Array::new_with_length(0));
        };
        let bytes = Uint8Array::new_with_byte_offset_and_length(&memory, 0, at.min(size));
        self.memory.replace(Some(memory));
        Ok(bytes)
    }
}

impl Drop for PieceBuffer {
    fn drop(&mut self) {
        self.let_go();
    }
}
