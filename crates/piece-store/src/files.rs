//! Parts in the origin private file system (<https://fs.spec.whatwg.org>), if the browser has it.
//!
//! A cache entry costs about 8 ms of processor time, and its bytes pass through three processes. An open
//! file takes bytes directly, but only in a dedicated worker of a page. Listing and removing files works
//! everywhere.
//!
//! Each unfinished piece has a file, `modelferry-parts-1/<sha256>`. Its first 64 KiB list the ranges that
//! are stored: the first byte of each and the byte after its last, 4 bytes each in native order. The bytes
//! of the piece follow, at their positions. A range is recorded after its bytes, so a page may be killed at
//! any time.
//!
//! When a piece is complete and its SHA-256 matches, it moves from its file to the cache. Its bytes do not
//! pass through the page again.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Function, Promise, Reflect, Uint8Array, Uint32Array};
use protocol::transfer::Part;
use protocol::{Digest, DigestSet};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Blob, MessageChannel, MessagePort, Url, Worker};

use crate::bytes::release;
use crate::connection::answer;
use crate::folder;
use crate::parts::{LONG, gather};
use crate::{Parts, StoreError, StoreErrorKind};

/// Where the bytes of a piece begin in its file.
const BYTES: u32 = 64 << 10;

/// The length of what precedes the bytes of a range when it is read.
const HEAD: u32 = 8;

/// Parts in files. Another one of the same origin sees the same, but cannot read, write or remove what this one has open.
#[derive(Clone, Debug, Default)]
pub struct FileParts(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The worker, and a promise that it has begun.
    worker: RefCell<Option<(Worker, Promise)>>,
    /// How many are to be answered by it, and those who keep it.
    users: Cell<u32>,
    /// Memory in which parts go to the worker and back. What is made anew for each is collected late.
    memory: RefCell<Option<ArrayBuffer>>,
    /// Whether there are no files here, for as long as the page lives.
    refused: Cell<bool>,
}

/// Keeps the worker, and with it files open, for as long as it lives.
#[derive(Debug)]
pub struct KeepOpen(FileParts);

impl Drop for KeepOpen {
    fn drop(&mut self) {
        let inner = &self.0.0;
        inner.users.set(inner.users.get() - 1);
        if inner.users.get() == 0 {
            if let Some((worker, _)) = inner.worker.take() {
                worker.terminate();
            }
            if let Some(memory) = inner.memory.take() {
                release(&memory);
            }
        }
    }
}

/// A piece in its file, verified.
#[derive(Debug)]
pub struct WholeFile {
    pub(crate) digest: Digest,
    pub(crate) body: Blob,
}

impl FileParts {
    /// The piece as it is in its file, if that has all of it and it is right. It is read into the memory of `piece`, so that
    /// nobody needs more; `piece` is empty afterwards if that was lost.
    ///
    /// # Errors
    /// When the file cannot be read.
    async fn verified(
        &self,
        digest: &Digest,
        piece: &mut Uint8Array,
    ) -> Result<Option<WholeFile>, StoreError> {
        let size = f64::from(piece.length());
        let (found, memory) = self.ask("digest", digest, piece, &JsValue::UNDEFINED).await;
        if let Some(memory) = memory {
            *piece = Uint8Array::new(&memory);
        }
        let found: Uint8Array = found?.unchecked_into();
        if found.to_vec() != digest.as_bytes() {
            return Ok(None);
        }
        let file = folder::file(digest).await?;
        let body = file.slice_with_f64_and_f64(f64::from(BYTES), f64::from(BYTES) + size)?;
        Ok(Some(WholeFile { digest: *digest, body }))
    }

    /// What the worker answers, and the memory of the argument. [`StoreErrorKind::Unsupported`] is for good.
    async fn ask(
        &self,
        operation: &str,
        digest: &Digest,
        argument: &JsValue,
        ranges: &JsValue,
    ) -> (Result<JsValue, StoreError>, Option<ArrayBuffer>) {
        if let Err(error) = self.usable() {
            return (Err(error), None);
        }
        let _open = self.keep_open();
        let message =
            Array::of5(&operation.into(), &folder::NAME.into(), &digest.to_string().into(), argument, ranges);
        let (answered, memory) = match self.exchange(&message, argument.dyn_ref()).await {
            Ok(answer) => (result_of(&answer), answer.get(2).dyn_into().ok()),
            Err(error) => (Err(error), None),
        };
        self.0.refused.set(answered.as_ref().is_err_and(|error| error.kind == StoreErrorKind::Unsupported));
        (answered, memory)
    }

    fn usable(&self) -> Result<(), StoreError> {
        if self.0.refused.get() {
            return Err(StoreError::new(StoreErrorKind::Unsupported, "there are no files here"));
        }
        Ok(())
    }

    /// Sends a message, and with it the memory of these bytes, and gives the answer.
    async fn exchange(&self, message: &Array, bytes: Option<&Uint8Array>) -> Result<Array, StoreError> {
        let worker = self.worker().await?;
        let channel = MessageChannel::new()?;
        let transferred = Array::of1(&channel.port2());
        if let Some(bytes) = bytes {
            transferred.push(&bytes.buffer());
        }
        worker.post_message_with_transfer(message, &transferred)?;
        let event = answer(message_at(&channel.port1())).await?;
        channel.port1().close();
        Ok(Reflect::get(&event, &"data".into())?.unchecked_into())
    }

    /// The worker, once it has begun.
    async fn worker(&self) -> Result<Worker, StoreError> {
        let known = self.0.worker.borrow().clone();
        let (worker, begun) = match known {
            Some(known) => known,
            None => {
                let started = start().map_err(unsupported)?;
                self.0.worker.replace(Some(started.clone()));
                started
            }
        };
        // Rejected where a page's rules forbid it.
        answer(begun).await.map_err(unsupported)?;
        Ok(worker)
    }
}

fn start() -> Result<(Worker, Promise), JsValue> {
    // Not a file of the server: where the module runs there may be none of ours.
    let script = Blob::new_with_str_sequence(&Array::of1(&include_str!("files.js").into()))?;
    let url = Url::create_object_url_with_blob(&script)?;
    let worker = Worker::new(&url)?;
    let begun = Promise::new(&mut |resolve: Function, reject: Function| {
        worker.set_onmessage(Some(&resolve));
        worker.set_onerror(Some(&reject));
    });
    Ok((worker, begun))
}

/// What an answer says.
fn result_of(answer: &Array) -> Result<JsValue, StoreError> {
    let Some(error) = answer.get(1).as_string() else {
        return Ok(answer.get(0));
    };
    let begins = |names: &[&str]| names.iter().any(|name| error.starts_with(name));
    let kind = if begins(&["QuotaExceededError"]) {
        StoreErrorKind::NoRoom
    } else if begins(&["TypeError", "SecurityError", "NotSupportedError"]) {
        StoreErrorKind::Unsupported
    } else {
        StoreErrorKind::Other
    };
    Err(StoreError::new(kind, error))
}

fn unsupported(error: impl Into<StoreError>) -> StoreError {
    StoreError { kind: StoreErrorKind::Unsupported, ..error.into() }
}

/// The event of the first message at a port.
pub fn message_at(port: &MessagePort) -> Promise {
    Promise::new(&mut |resolve: Function, _| port.set_onmessage(Some(&resolve)))
}

impl Parts for FileParts {
    type Bytes = Uint8Array;
    type KeepOpen = KeepOpen;
    type File = WholeFile;

    async fn put(&self, part: &Part, piece: &Uint8Array) -> Result<(), StoreError> {
        self.usable()?;
        let length = part.length();
        let memory = self.0.memory.take().filter(|memory| memory.byte_length() >= length);
        let memory = memory.unwrap_or_else(|| ArrayBuffer::new(length.max(LONG)));
        let copy = Uint8Array::new_with_byte_offset_and_length(&memory, 0, length);
        gather(part, piece, &copy)?;
        let ranges: Vec<u32> = part.ranges.iter().flat_map(|(first, end)| [*first, *end]).collect();
        let ranges = Uint32Array::from(ranges.as_slice());
        let (written, memory) = self.ask("write", &part.digest, &copy, &ranges).await;
        if let Some(memory) = memory
            && let Some(second) = self.0.memory.replace(Some(memory))
        {
            release(&second);
        }
        written.map(drop)
    }

    async fn read(&self, digest: &Digest, mut take: impl FnMut(u32, Uint8Array)) -> Result<(), StoreError> {
        for index in 0_u32.. {
            let (record, _) = self.ask("read", digest, &index.into(), &JsValue::UNDEFINED).await;
            let record: Uint8Array = record?.unchecked_into();
            if record.length() == 0 {
                break;
            }
            let mut first = [0; 4];
            record.subarray(0, 4).copy_to(&mut first);
            take(u32::from_ne_bytes(first), record.subarray(HEAD, record.length()));
        }
        Ok(())
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        folder::list().await
    }

    /// A file that another page has open cannot be removed, and stays for later.
    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        if self.0.worker.borrow().is_some() {
            // Where there are no files, nothing is open. If a file cannot be closed, removing it fails below.
            let _ = self.ask("close", digest, &JsValue::UNDEFINED, &JsValue::UNDEFINED).await;
        }
        folder::remove(digest).await
    }

    fn keep_open(&self) -> KeepOpen {
        self.0.users.set(self.0.users.get() + 1);
        KeepOpen(self.clone())
    }

    async fn whole(&self, rest: &Part, piece: &mut Uint8Array) -> Option<WholeFile> {
        // Else it is in memory still.
        if !rest.ranges.is_empty() {
            self.put(rest, piece).await.ok()?;
        }
        self.verified(&rest.digest, piece).await.ok()?
    }

    /// What is not in the file is not known here.
    fn is_scattered(&self, _digest: &Digest) {}
}
