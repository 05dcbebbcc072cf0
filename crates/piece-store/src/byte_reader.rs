//! Reads a stream of bytes into a buffer that is reused.
//!
//! An ordinary reader returns a new array for every few kilobytes. The garbage collector frees them late:
//! hundreds of megabytes for a model. A BYOB reader (Streams standard) fills a buffer of ours instead.

use js_sys::{ArrayBuffer, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStream;

mod glue {
    //! `web-sys` has a type for each of the two kinds of readers, and its options are an unstable API.

    use js_sys::{Object, Promise, Uint8Array};
    use wasm_bindgen::JsValue;
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        pub(super) type Stream;
        #[wasm_bindgen(method, catch, js_name = getReader)]
        pub(super) fn get_reader(this: &Stream, options: &Object) -> Result<Reader, JsValue>;

        #[derive(Debug)]
        pub(super) type Reader;
        /// A reader that does not fill buffers of others ignores the view.
        #[wasm_bindgen(method, catch)]
        pub(super) fn read(this: &Reader, into: &Uint8Array) -> Result<Promise, JsValue>;
    }
}

/// A reader of one stream.
#[derive(Debug)]
pub struct ByteReader {
    reader: glue::Reader,
    memory: ArrayBuffer,
    /// Whether the engine fills our memory.
    fills: bool,
}

impl ByteReader {
    /// Begins to read a stream into this memory.
    ///
    /// # Errors
    /// What the browser throws, for instance when the stream is read already.
    pub fn new(stream: &ReadableStream, memory: ArrayBuffer) -> Result<Self, JsValue> {
        let stream: &glue::Stream = stream.unchecked_ref();
        let options = Object::new();
        Reflect::set(&options, &"mode".into(), &"byob".into())?;
        // Not every engine has such readers for every stream.
        let (reader, fills) = match stream.get_reader(&options) {
            Ok(reader) => (reader, true),
            Err(_) => (stream.get_reader(&Object::new())?, false),
        };
        Ok(Self { reader, memory, fills })
    }

    /// The next bytes, which are then also in the memory, from byte `at` on, as far as they fit there; `None` at the
    /// end. They are good until the next call. There must be room for one byte at least.
    ///
    /// # Errors
    /// Those of the stream.
    pub async fn read(&mut self, at: u32) -> Result<Option<Uint8Array>, JsValue> {
        let room = self.memory.byte_length().saturating_sub(at);
        let view = Uint8Array::new_with_byte_offset_and_length(&self.memory, at, room);
        let read = JsFuture::from(self.reader.read(&view)?).await?;
        let done = Reflect::get(&read, &"done".into())?.is_truthy();
        let value = Reflect::get(&read, &"value".into())?;
        let Ok(chunk) = value.dyn_into::<Uint8Array>() else {
            return Ok(None);
        };
        if self.fills {
            // The memory was lent to the stream and comes back as another object, also at the end.
            self.memory = chunk.buffer();
        } else if !done {
            view.set(&chunk.subarray(0, room), 0);
        }
        Ok((!done).then_some(chunk))
    }

    /// The memory, unless the stream has kept it: one that was cancelled does not give it back.
    #[must_use]
    pub fn into_memory(self) -> Option<ArrayBuffer> {
        // Memory that is lent has no bytes.
        (self.memory.byte_length() > 0).then_some(self.memory)
    }
}
