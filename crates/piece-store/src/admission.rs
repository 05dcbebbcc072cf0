//! Takes pieces out of responses, whatever their size, with one buffer.
//!
//! A response's `arrayBuffer()` would do, but costs a buffer a piece, which the garbage collector takes its time to
//! give back, and the bytes would travel to the disk once more when they are stored. A `Blob` stays where the browser
//! has it: it is read once to be hashed, always into the same buffer, and what is stored is that same blob, whose
//! bytes cannot change.

use futures_util::future::join;
use js_sys::{ArrayBuffer, Uint8Array};
use protocol::{Digest, Refusal};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Response};

use crate::cache::{self, sha256};
use crate::{ByteReader, CachePieces, Pieces as _, StoreError, StoreErrorKind};

impl CachePieces {
    /// Takes pieces out of the answers to requests for them. Neither the status nor the headers of an answer are
    /// believed: a "success" of the browser's may carry no bytes at all.
    ///
    /// `response` is asked for one answer after the other, and `settled` is told of each piece. While one is stored,
    /// the next is read; never more than one piece is held in memory.
    pub async fn admit_responses<T>(
        &self,
        records: impl IntoIterator<Item = (Digest, T)>,
        response: impl AsyncFn(T) -> Result<Response, Refusal>,
        settled: impl AsyncFn(Digest, Result<(), Refusal>),
    ) {
        let mut records = records.into_iter();
        let mut buffer = Buffer::default();
        let mut right: Option<(Digest, Blob)> = None;
        loop {
            let storing = right.take();
            let store = async {
                if let Some((digest, blob)) = storing {
                    settled(digest, put(&digest, &blob).await).await;
                }
            };
            let check = async {
                let (digest, record) = records.next()?;
                Some((digest, self.check(&digest, response(record), &mut buffer).await))
            };
            match join(store, check).await.1 {
                Some((digest, Ok(Some(blob)))) => right = Some((digest, blob)),
                Some((digest, Ok(None))) => settled(digest, Ok(())).await,
                Some((digest, Err(refusal))) => settled(digest, Err(refusal)).await,
                None => return,
            }
        }
    }

    /// The body of an answer, if it is the piece; `None` if the piece is kept already.
    async fn check(
        &self,
        digest: &Digest,
        response: impl Future<Output = Result<Response, Refusal>>,
        buffer: &mut Buffer,
    ) -> Result<Option<Blob>, Refusal> {
        // Another context may have been faster. Where the store does not say, the piece is put again.
        if matches!(self.has(digest).await, Ok(true)) {
            return Ok(None);
        }
        let response = response.await?;
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
            Ok(found) if found == *digest => Ok(Some(blob)),
            Ok(_) => Err(Refusal::Mismatch),
            Err(_) => Err(Refusal::Storage),
        }
    }
}

async fn put(digest: &Digest, blob: &Blob) -> Result<(), Refusal> {
    cache::put_piece(digest, blob).await.map_err(|error: StoreError| match error.kind {
        StoreErrorKind::NoRoom => Refusal::NoRoom,
        StoreErrorKind::Unsupported | StoreErrorKind::Other => Refusal::Storage,
    })
}

fn unavailable(_error: JsValue) -> Refusal {
    Refusal::Unavailable
}

/// Memory that is used for one piece after the other.
#[derive(Default)]
struct Buffer(Option<ArrayBuffer>);

impl Buffer {
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
