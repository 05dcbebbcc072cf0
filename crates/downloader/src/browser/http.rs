//! Requests to the server, with `fetch`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{ArrayBuffer, Promise, Uint8Array};
use piece_store::{ByteReader, release};
use protocol::download::Millis;
use protocol::routes;
use protocol::transfer::{Answer, range_start};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, Headers, Request, RequestCache, RequestInit, Response};

use super::message;
use crate::ports::{self, Http, HttpError, PieceRequest};

/// How much is read at once, in bytes.
const CHUNK: u32 = 512 << 10;

#[wasm_bindgen]
extern "C" {
    /// The same function in pages and workers.
    #[wasm_bindgen(js_name = fetch)]
    fn send(request: &Request) -> Promise;
}

/// Requests of this page or worker.
#[derive(Clone, Debug, Default)]
pub struct BrowserHttp(Rc<Memory>);

/// The memory into which answers are read, one after the other. It is freed when no answer is read.
#[derive(Debug, Default)]
struct Memory {
    spare: RefCell<Vec<ArrayBuffer>>,
    readers: Cell<u32>,
}

/// An answer to a request for a piece. Dropping it ends the request.
#[derive(Debug)]
pub struct BrowserResponse {
    response: Response,
    answer: Answer,
    reader: Option<ByteReader>,
    memory: Rc<Memory>,
    _abort: AbortOnDrop,
    /// Kept until then: in WebKit, the signal of a collected request has no effect, and its body continues to arrive.
    _request: Request,
}

/// Ends a request. `None` where the browser cannot.
#[derive(Debug)]
struct AbortOnDrop(Option<AbortController>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

impl Drop for BrowserResponse {
    fn drop(&mut self) {
        let Some(reader) = self.reader.take() else { return };
        let Memory { spare, readers } = &*self.memory;
        spare.borrow_mut().extend(reader.into_memory());
        readers.set(readers.get() - 1);
        if readers.get() == 0 {
            spare.take().iter().for_each(release);
        }
    }
}

impl Http for BrowserHttp {
    type Bytes = Uint8Array;
    type Body = Response;
    type Response = BrowserResponse;

    async fn text(&self, url: &str, timeout: Millis) -> Result<(u16, String), HttpError> {
        // The signal ends the request as well, so that it does not keep one of the few connections that a page may have.
        let response = fetch(&request(url, Some(&timeout_signal(timeout)))?).await?;
        let text = match response.status() {
            200 => JsFuture::from(response.text()?).await?.as_string(),
            _ => None,
        };
        Ok((response.status(), text.unwrap_or_default()))
    }

    async fn piece(&self, wanted: &PieceRequest) -> Result<BrowserResponse, HttpError> {
        // Its own, so that it can be ended alone.
        let abort = AbortOnDrop(AbortController::new().ok());
        let signal = match wanted.timeout {
            Some(timeout) => Some(timeout_signal(timeout)),
            None => abort.0.as_ref().map(AbortController::signal),
        };
        let request = request(&routes::piece(&wanted.digest), signal.as_ref())?;
        if let Some((first, last)) = wanted.range {
            let headers = request.headers();
            headers.set("range", &format!("bytes={first}-{last}"))?;
            // A piece never changes; but what answers may not be our server.
            headers.set("if-range", &format!("\"{}\"", wanted.digest))?;
        }
        let response = fetch(&request).await?;
        let answer = answer(&response)?;
        let memory = Rc::clone(&self.0);
        Ok(BrowserResponse { response, answer, reader: None, memory, _abort: abort, _request: request })
    }
}

impl ports::Response for BrowserResponse {
    type Bytes = Uint8Array;
    type Body = Response;

    fn answer(&self) -> Answer {
        self.answer
    }

    fn body(&self) -> &Response {
        &self.response
    }

    async fn read(&mut self) -> Result<Option<Uint8Array>, HttpError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            unread => {
                let Some(body) = self.response.body() else { return Ok(None) };
                let spare = self.memory.spare.borrow_mut().pop();
                let memory = spare.unwrap_or_else(|| ArrayBuffer::new(CHUNK));
                let reader = ByteReader::new(&body, memory)?;
                self.memory.readers.set(self.memory.readers.get() + 1);
                unread.insert(reader)
            }
        };
        Ok(reader.read(0).await?)
    }
}

impl From<JsValue> for HttpError {
    fn from(error: JsValue) -> Self {
        Self(message(&error))
    }
}

fn timeout_signal(timeout: Millis) -> AbortSignal {
    AbortSignal::timeout_with_u32(timeout.try_into().unwrap_or(u32::MAX))
}

/// Bypasses the HTTP cache in both directions. The store keeps pieces, and a wrong answer must not come back
/// from the cache.
fn request(url: &str, signal: Option<&AbortSignal>) -> Result<Request, JsValue> {
    let init = RequestInit::new();
    init.set_cache(RequestCache::NoStore);
    init.set_signal(signal);
    Request::new_with_str_and_init(url, &init)
}

async fn fetch(request: &Request) -> Result<Response, JsValue> {
    Ok(JsFuture::from(send(request)).await?.unchecked_into())
}

fn answer(response: &Response) -> Result<Answer, JsValue> {
    let headers = response.headers();
    let length = match headers.get("content-encoding")? {
        None => headers.get("content-length")?.and_then(|length| length.parse().ok()),
        Some(_) => None,
    };
    Ok(Answer {
        status: response.status(),
        first: headers.get("content-range")?.and_then(|range| range_start(&range)),
        length,
        retry_after: retry_after(&headers)?,
    })
}

/// Milliseconds, from seconds or a date: RFC 9110 section 10.2.3. The browser reads all forms of a date.
fn retry_after(headers: &Headers) -> Result<Millis, JsValue> {
    let Some(header) = headers.get("retry-after")? else {
        return Ok(0);
    };
    Ok(match header.parse::<u32>() {
        Ok(seconds) => Millis::from(seconds) * 1_000,
        // What is no date becomes 0.
        Err(_) => (js_sys::Date::parse(&header) as Millis).saturating_sub(js_sys::Date::now() as Millis),
    })
}
