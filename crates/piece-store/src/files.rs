//! Parts in the origin private file system (<https://fs.spec.whatwg.org>), where a browser has it.
//!
//! An entry of a cache costs some 8 ms of processor time, and its bytes pass through three processes. A file that is open takes
//! them as they are, but only in a dedicated worker.
//!
//! A file for each unfinished piece, `modelferry-parts-1/<sha256>`, of records: the first byte of a range and the byte after its
//! last, 4 bytes each, little-endian, and the bytes of the range. What is cut short at the end of a file was being written when
//! its page was killed, and is not there.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, ArrayBuffer, Function, Promise, Reflect, Uint8Array};
use protocol::transfer::Part;
use protocol::{Digest, DigestSet};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, MessageChannel, MessagePort, Url, Worker};

use crate::{Parts, StoreError, StoreErrorKind, release};

const FOLDER: &str = "modelferry-parts-1";

/// The length of what precedes the bytes of a range.
const HEAD: u32 = 8;

/// Hardly any part is longer, in bytes.
const PART: u32 = 4 << 20;

/// How long the worker may take, in milliseconds. Where it cannot begin, nobody says so.
const PATIENCE: u32 = 5_000;

/// Parts in files. Another one of the same origin sees the same. Only one may have a piece open at a time: see
/// [`crate::TurnOf::PageEngine`].
#[derive(Clone, Debug, Default)]
pub struct FileParts(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    worker: RefCell<Option<Worker>>,
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
            if let Some(worker) = inner.worker.take() {
                worker.terminate();
            }
            if let Some(memory) = inner.memory.take() {
                release(&memory);
            }
        }
    }
}

impl FileParts {
    /// To be called before there is much to write.
    #[must_use]
    pub fn keep_open(&self) -> KeepOpen {
        self.0.users.set(self.0.users.get() + 1);
        KeepOpen(self.clone())
    }

    /// What the worker answers. Errors but for [`StoreErrorKind::NoRoom`] are for good.
    async fn ask(&self, operation: &str, name: &str, argument: &JsValue) -> Result<JsValue, StoreError> {
        let _open = self.keep_open();
        let answered = if self.0.refused.get() {
            Err("there are no files here".into())
        } else {
            self.exchange(operation, name, argument).await
        };
        answered.map_err(|error| {
            let error = StoreError::from(error);
            if error.message.starts_with("QuotaExceededError") {
                return StoreError { kind: StoreErrorKind::NoRoom, ..error };
            }
            self.0.refused.set(true);
            StoreError { kind: StoreErrorKind::Unsupported, ..error }
        })
    }

    async fn exchange(&self, operation: &str, name: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
        let channel = MessageChannel::new()?;
        let message = Array::of4(&operation.into(), &FOLDER.into(), &name.into(), argument);
        let transferred = Array::of1(&channel.port2());
        if let Some(bytes) = argument.dyn_ref::<Uint8Array>() {
            transferred.push(&bytes.buffer());
        }
        self.worker()?.post_message_with_transfer(&message, &transferred)?;
        let answer = answer_at(&channel.port1(), PATIENCE).await.ok_or("the worker is silent")?;
        let answer: Array = answer.unchecked_into();
        match answer.get(1) {
            error if error.is_undefined() => Ok(answer.get(0)),
            error => Err(error),
        }
    }

    fn worker(&self) -> Result<Worker, JsValue> {
        let worker = &mut *self.0.worker.borrow_mut();
        if let Some(worker) = worker {
            return Ok(worker.clone());
        }
        // Not a file of the server: where the module runs there may be none of ours.
        let script = Blob::new_with_str_sequence(&Array::of1(&include_str!("files.js").into()))?;
        Ok(worker.insert(Worker::new(&Url::create_object_url_with_blob(&script)?)?).clone())
    }
}

/// What comes at a port, unless it takes longer, in milliseconds.
pub async fn answer_at(port: &MessagePort, patience: u32) -> Option<JsValue> {
    let answer = Promise::new(&mut |resolve: Function, _| port.set_onmessage(Some(&resolve)));
    match select(JsFuture::from(answer), TimeoutFuture::new(patience)).await {
        Either::Left((event, _)) => Reflect::get(&event.ok()?, &"data".into()).ok(),
        Either::Right(_) => None,
    }
}

impl Parts for FileParts {
    type Bytes = Uint8Array;

    async fn put(&self, part: &Part, bytes: &Uint8Array) -> Result<(), StoreError> {
        let length = part.length() + HEAD * part.ranges.len() as u32;
        let memory = self.0.memory.take().filter(|memory| memory.byte_length() >= length);
        let memory = memory.unwrap_or_else(|| ArrayBuffer::new(length.max(PART)));
        let records = Uint8Array::new_with_byte_offset_and_length(&memory, 0, length);
        let (mut at, mut from) = (0, 0);
        for (first, end) in &part.ranges {
            let head = [first.to_le_bytes(), end.to_le_bytes()].concat();
            records.set(&Uint8Array::from(head.as_slice()), at);
            let behind = from + (end - first);
            records.set(&bytes.subarray(from, behind), at + HEAD);
            at += HEAD + (behind - from);
            from = behind;
        }
        let records = self.ask("write", &part.digest.to_string(), &records).await?;
        if let Some(second) = self.0.memory.replace(Some(records.unchecked_into::<Uint8Array>().buffer())) {
            release(&second);
        }
        Ok(())
    }

    async fn read(&self, digest: &Digest, mut take: impl FnMut(u32, Uint8Array)) -> Result<(), StoreError> {
        let name = digest.to_string();
        let mut at = 0.0;
        loop {
            let record: Uint8Array = self.ask("read", &name, &at.into()).await?.unchecked_into();
            if record.length() == 0 {
                return Ok(());
            }
            let mut first = [0; 4];
            record.subarray(0, 4).copy_to(&mut first);
            take(u32::from_le_bytes(first), record.subarray(HEAD, record.length()));
            at += f64::from(record.length());
        }
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        let names: Array = self.ask("list", "", &JsValue::NULL).await?.unchecked_into();
        Ok(names.iter().filter_map(|name| name.as_string()?.parse::<Digest>().ok()).collect())
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        let removed = self.ask("remove", &digest.to_string(), &JsValue::NULL).await?;
        Ok(removed.is_truthy())
    }
}
