//! One request, from its start to the last byte of the answer.

use std::rc::Rc;

use futures_util::future::{Either, select};
use piece_store::Bytes as _;
use protocol::transfer::{Request, Saving};

use super::Engine;
use crate::ports::{Http as _, HttpError, Page, PieceRequest, Response as _, Runtime as _};
use crate::wake::Wake;

impl<G: Page> Engine<G> {
    pub(super) async fn request(self: Rc<Self>, request: Request) {
        let end = Rc::new(Wake::default());
        self.requests.borrow_mut().push((request.id, Rc::clone(&end)));
        // A body that is not wanted to its end must not come all the same: dropping the exchange ends the request.
        let exchange = Box::pin(self.exchange(&request));
        if let Either::Left((Err(error), _)) = select(exchange, end.wait()).await {
            self.device.runtime.log("a request failed", &error);
        }
        self.requests.borrow_mut().retain(|(id, _)| *id != request.id);
        self.transfer.borrow_mut().ended(request.id);
        self.wake.wake();
    }

    async fn exchange(self: &Rc<Self>, request: &Request) -> Result<(), HttpError> {
        let Request { id, digest, size, first, last, ranged, straight } = *request;
        let mut reservation = None;
        if straight {
            reservation = self.reserve(&digest).await;
            if reservation.is_none() {
                return Ok(());
            }
        }
        let range = ranged.then_some((first, last));
        let mut response = self.device.http.piece(&PieceRequest { digest, range, timeout: None }).await?;
        let answer = response.answer();
        if !self.transfer.borrow_mut().answered(id, &answer) {
            return Ok(());
        }
        if let Some(reservation) = reservation {
            if self.stage(&digest, reservation, response.body()).await? {
                self.transfer.borrow_mut().received(id, self.device.runtime.now(), size);
                self.report_progress_now();
            }
            return Ok(());
        }
        let buffer = self.memory(digest, size);
        // Not to the end of the stream: Chromium does not tell it to a reader that waits with memory of its own.
        let asked = if answer.status == 206 { last - first + 1 } else { size };
        let mut left = answer.length.map_or(asked, |length| length.min(u64::from(asked)) as u32);
        while left > 0
            && let Some(chunk) = response.read().await?
        {
            left = left.saturating_sub(chunk.length());
            let now = self.device.runtime.now();
            let Some(offset) = self.transfer.borrow_mut().received(id, now, chunk.length()) else {
                break;
            };
            buffer.copy_from(&chunk, offset);
            self.save(Saving::Due);
            self.report_progress(now);
        }
        Ok(())
    }
}
