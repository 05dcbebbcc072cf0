//! One request: from its sending to the last byte of the answer.

use std::rc::Rc;

use js_sys::ArrayBuffer;
use piece_store::ByteReader;
use protocol::routes;
use protocol::transfer::{Answer, Request, range_start};
use wasm_bindgen::JsValue;
use web_sys::{AbortController, Headers, Response};

use super::Engine;
use crate::browser::{log, now};
use crate::http;

/// How much is read at once, in bytes.
const CHUNK: u32 = 512 << 10;

impl Engine {
    pub(super) async fn request(self: Rc<Self>, request: Request) {
        // Its own, so that it can be ended alone.
        let abort = AbortController::new().ok();
        self.requests.borrow_mut().push((request.id, abort.clone()));
        if let Err(error) = self.exchange(&request, abort.as_ref()).await
            && self.requests.borrow().iter().any(|(id, _)| *id == request.id)
        {
            log("a request failed", &error);
        }
        // A body that is not wanted to its end must not come all the same.
        self.abort_request(request.id);
        self.transfer.borrow_mut().ended(request.id);
        self.wake.wake();
    }

    async fn exchange(
        self: &Rc<Self>,
        request: &Request,
        abort: Option<&AbortController>,
    ) -> Result<(), JsValue> {
        let Request { id, digest, size, first, last, ranged, straight } = *request;
        let signal = abort.map(AbortController::signal);
        let message = http::request(&routes::piece(&digest), signal.as_ref())?;
        if ranged {
            let headers = message.headers();
            headers.set("range", &format!("bytes={first}-{last}"))?;
            // A piece never changes; but what answers may not be our server.
            headers.set("if-range", &format!("\"{digest}\""))?;
        }
        let mut place = None;
        if straight {
            place = self.place(&digest).await;
            if place.is_none() {
                return Ok(());
            }
        }
        let response = http::send(&message).await?;
        let answer = answer(&response)?;
        if !self.transfer.borrow_mut().answered(id, &answer) {
            return Ok(());
        }
        if let Some(place) = place {
            if self.take(&digest, place, &response).await? {
                self.transfer.borrow_mut().received(id, now(), size);
                self.show_now();
            }
            return Ok(());
        }
        let Some(body) = response.body() else {
            return Ok(());
        };
        let buffer = self.memory(digest, size);
        let spare = self.lent.borrow_mut().pop();
        let memory = spare.unwrap_or_else(|| ArrayBuffer::new(CHUNK));
        let mut reader = ByteReader::new(&body, memory)?;
        // Not to the end of the stream: Chromium does not tell it to a reader that waits with memory of its own.
        let asked = if answer.status == 206 { last - first + 1 } else { buffer.length() };
        let mut left = answer.length.map_or(asked, |length| length.min(u64::from(asked)) as u32);
        while left > 0
            && let Some(chunk) = reader.read(0).await?
        {
            left = left.saturating_sub(chunk.length());
            let now = now();
            let Some(place) = self.transfer.borrow_mut().received(id, now, chunk.length()) else {
                break;
            };
            buffer.set(&chunk, place);
            self.save(false);
            self.show(now);
        }
        self.lent.borrow_mut().extend(reader.into_memory());
        Ok(())
    }
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
fn retry_after(headers: &Headers) -> Result<u64, JsValue> {
    let Some(field) = headers.get("retry-after")? else {
        return Ok(0);
    };
    Ok(match field.parse::<u32>() {
        Ok(seconds) => u64::from(seconds) * 1_000,
        // What is no date becomes 0.
        Err(_) => (js_sys::Date::parse(&field) as u64).saturating_sub(now()),
    })
}
