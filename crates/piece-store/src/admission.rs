//! Takes pieces out of responses, whatever their size, with one buffer.
//!
//! A response's `arrayBuffer()` would do, but costs a buffer a piece, which the garbage collector takes its time to
//! give back, and the bytes would travel to the disk once more when they are stored. A `Blob` stays where the browser
//! has it: it is read once to be hashed, always into the same buffer, and what is stored is that same blob, whose
//! bytes cannot change.

use js_sys::{ArrayBuffer, Uint8Array};
use protocol::{Digest, Refusal};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Response};

use crate::cache::{self, sha256};
use crate::{ByteReader, CachePieces, StoreErrorKind};

impl CachePieces {
    /// Takes a piece out of the answer to a request for it. Neither the status nor the headers are believed: a
    /// "success" of the browser's may carry no bytes at all. Never more than one piece is held in memory.
    ///
    /// # Errors
    /// Why the piece was not admitted.
    pub async fn admit_response(
        &self,
        digest: &Digest,
        response: &Response,
        buffer: &mut PieceBuffer,
    ) -> Result<(), Refusal> {
        match response.status() {
            200 => {}
            0 => return Err(Refusal::Unavailable),
            status => return Err(Refusal::Status(status)),
        }
        let blob = response.blob().map_err(unavailable)?;
        let blob: Blob = JsFuture::from(blob).await.map_err(unavailable)?.unchecked_into();
        if blob.size() == 0.0 {
            return Err(Refusal::Empty);
        }
        let bytes = buffer.read(&blob).await.map_err(unavailable)?;
        match sha256(&bytes).await {
            Ok(found) if found == *digest => {}
            Ok(_) => return Err(Refusal::Mismatch),
            Err(_) => return Err(Refusal::Storage),
        }
        cache::put_piece(digest, &blob).await.map_err(|error| match error.kind {
            StoreErrorKind::NoRoom => Refusal::NoRoom,
            StoreErrorKind::Unsupported | StoreErrorKind::Other => Refusal::Storage,
        })
    }
}

fn unavailable(_error: JsValue) -> Refusal {
    Refusal::Unavailable
}

/// Memory that is used for one piece after the other.
#[derive(Debug, Default)]
pub struct PieceBuffer(Option<ArrayBuffer>);

impl PieceBuffer {
    /// The bytes of a blob; good until the next call.
    async fn read(&mut self, blob: &Blob) -> Result<Uint8Array, JsValue> {
        // A piece has at most 256 MiB. What is longer cannot be one, and is not read to its end.
        let size = (blob.size() as u64).min(u64::from(u32::MAX)) as u32;
        let memory = match self.0.take() {
            Some(memory) if memory.byte_length() >= size => memory,
            Some(_) | None => ArrayBuffer::new(size),
        };
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
        self.0 = Some(memory);
        Ok(bytes)
    }
}
