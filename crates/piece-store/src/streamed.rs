//! A body that is read out of memory in steps.

use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use web_sys::{ReadableStream, ReadableStreamDefaultController};

/// How much is handed over at once, in bytes.
const STEP: u32 = 512 << 10;

type Pull = Closure<dyn FnMut(ReadableStreamDefaultController) -> Result<(), JsValue>>;

/// The bytes as a stream, for as long as this lives. A response that is made of the bytes themselves has a copy of them, which
/// is there until the browser collects its garbage.
pub(crate) struct Streamed {
    pub(crate) stream: ReadableStream,
    /// What the stream calls for more.
    _pull: Pull,
}

impl Streamed {
    pub(crate) fn new(bytes: Uint8Array) -> Result<Self, JsValue> {
        let mut at = 0;
        let pull = Pull::new(move |controller: ReadableStreamDefaultController| {
            if at == bytes.length() {
                return controller.close();
            }
            let first = at;
            at = bytes.length().min(at + STEP);
            controller.enqueue_with_chunk(&bytes.subarray(first, at))
        });
        let source = Object::new();
        Reflect::set(&source, &"pull".into(), pull.as_ref())?;
        Ok(Self { stream: ReadableStream::new_with_underlying_source(&source)?, _pull: pull })
    }
}
