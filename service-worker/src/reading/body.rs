//! Builds the body of a file from stored pieces. The bytes do not pass through the memory of this worker.
//!
//! If the browser creates a blob of a stored body without reading it, the body is one blob of such blobs.
//! Elsewhere a blob would read everything first, so the worker pipes one piece after the other.

use std::rc::Rc;

use js_sys::{Array, Promise, Reflect};
use protocol::{Piece, Slice};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{
    Blob, FetchEvent, ReadableStream, Response, ResponseInit, StreamPipeOptions, TransformStream,
    WritableStream,
};

use super::Unreadable;
use super::last_blob;
use super::ready::Ready;
use crate::scope::{message, promise, scope, settled};

/// A response with these bytes.
pub(super) async fn of(
    event: &FetchEvent,
    ready: &Rc<Ready>,
    slices: Vec<Slice>,
    init: &ResponseInit,
) -> Result<Response, Unreadable> {
    if blobs_are_views() {
        let blob = joined(ready, slices).await?;
        return Ok(Response::new_with_opt_blob_and_init(Some(&blob), init)?);
    }
    // What cannot be read is noticed before the answer has begun, if it is the first piece.
    let first = match slices.first() {
        Some(slice) => stream(ready, *slice).await?,
        None => return Ok(Response::new_with_opt_str_and_init(None, init)?),
    };
    let through = TransformStream::new()?;
    let response = Response::new_with_opt_readable_stream_and_init(Some(&through.readable()), init)?;
    let (ready, sink) = (Rc::clone(ready), through.writable());
    // The browser must not end this worker meanwhile.
    event.wait_until(&promise(async move {
        let piped = pipe(&ready, first, &slices, &sink).await;
        if let Err(error) = piped {
            // Fails if it is the reader that has stopped, who need not be told.
            let _ = settled(sink.abort_with_reason(&message(&error))).await;
        }
        Ok(JsValue::UNDEFINED)
    }))?;
    Ok(response)
}

/// Whether `Response.blob()` of a stored body is a view of the disk: of Chromium it is known, and those who are of its family
/// say so (User-Agent Client Hints).
fn blobs_are_views() -> bool {
    Reflect::get(&scope(), &"navigator".into())
        .and_then(|navigator| Reflect::get(&navigator, &"userAgentData".into()))
        .is_ok_and(|data| data.is_object())
}

/// Opens all pieces, side by side, and puts them together.
async fn joined(ready: &Rc<Ready>, slices: Vec<Slice>) -> Result<Blob, Unreadable> {
    let opening: Array = slices
        .into_iter()
        .map(|slice| {
            let opening = opened(ready, &slice.piece);
            promise(async move { cut(settled(opening).await?.unchecked_ref(), slice).map(JsValue::from) })
        })
        .collect();
    let blobs = settled(Promise::all(&opening)).await?;
    Ok(Blob::new_with_blob_sequence(&blobs)?)
}

/// The blob of a piece.
fn opened(ready: &Rc<Ready>, piece: &Piece) -> Promise {
    let (ready, piece) = (Rc::clone(ready), *piece);
    promise(async move {
        let stored = ready.piece(&piece).await.map_err(|error| message(&error))?;
        settled(stored.blob()?).await
    })
}

fn cut(blob: &Blob, slice: Slice) -> Result<Blob, JsValue> {
    if slice.is_whole() {
        return Ok(blob.clone());
    }
    // Pieces are far shorter than what a double cannot count.
    blob.slice_with_f64_and_f64(slice.first as f64, slice.end as f64)
}

async fn pipe(
    ready: &Rc<Ready>,
    first: ReadableStream,
    slices: &[Slice],
    sink: &WritableStream,
) -> Result<(), Unreadable> {
    let options = StreamPipeOptions::new();
    options.set_prevent_close(true);
    options.set_prevent_abort(true);
    let mut next = Some(first);
    for slice in slices {
        let stream = match next.take() {
            Some(first) => first,
            // A piece that is gone was asked for once more. Bytes that nobody has verified are never given away: the answer
            // ends with an error.
            None => stream(ready, *slice).await?,
        };
        settled(stream.pipe_to_with_options(sink, &options)).await?;
    }
    settled(sink.close()).await?;
    Ok(())
}

async fn stream(ready: &Rc<Ready>, slice: Slice) -> Result<ReadableStream, Unreadable> {
    if slice.is_whole()
        && let Some(stream) = ready.piece(&slice.piece).await?.body()
    {
        return Ok(stream);
    }
    // What is asked for next is often in the same piece, and many ask at the same time.
    let digest = slice.piece.digest;
    let opening = last_blob::of(&digest).unwrap_or_else(|| {
        let opening = opened(ready, &slice.piece);
        last_blob::keep(digest, opening.clone());
        opening
    });
    match settled(opening).await {
        Ok(blob) => Ok(cut(blob.unchecked_ref(), slice)?.stream()),
        Err(error) => {
            // The next one tries again.
            last_blob::forget();
            Err(error.into())
        }
    }
}
