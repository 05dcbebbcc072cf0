//! A body with faults in it, streamed chunk by chunk as the client takes it. In this order: a wrong byte,
//! truncation, compression; then the rate limit, stall and cut, which count the bytes as they are sent.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body::{Body, Frame};

use crate::connection::Connection;
use crate::log::{Ended, Entry};
use crate::rate_limit::RateLimit;
use crate::rule::{Cut, CutKind};
use crate::upstream::UpstreamBody;

/// Longest chunk in bytes: what has been handed over but not written yet is hardly more than that.
const CHUNK: u64 = 32 << 10;

/// Where the bytes come from.
#[derive(Debug)]
pub(crate) enum Source {
    Upstream(UpstreamBody),
    /// Known already; none when it has been taken.
    Own(Option<Bytes>),
}

/// What is wrong with a body.
#[derive(Debug, Default)]
pub(crate) struct BodyFaults {
    /// Counted from the body's first byte.
    pub(crate) corrupt_at: Option<u64>,
    pub(crate) truncate_to: Option<u64>,
    pub(crate) gzip: bool,
    pub(crate) bytes_per_second: Option<u64>,
    pub(crate) stall_at: Option<u64>,
    pub(crate) cut: Option<Cut>,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) struct FaultyBody {
    /// None when no more is to come from there.
    source: Option<Source>,
    corrupt_at: Option<u64>,
    truncate_to: Option<u64>,
    /// Bytes taken from the source.
    taken: u64,
    gzip: Option<GzEncoder<Vec<u8>>>,
    /// Made ready, not handed over yet.
    held: Bytes,
    /// Bytes handed over.
    sent: u64,
    rate_limit: Option<RateLimit>,
    stall_at: Option<u64>,
    cut: Option<Cut>,
    entry: Arc<Entry>,
    connection: Arc<Connection>,
}

impl FaultyBody {
    pub(crate) fn new(
        source: Source,
        faults: &BodyFaults,
        entry: Arc<Entry>,
        connection: Arc<Connection>,
    ) -> Self {
        let source = Some(source).filter(|source| source.left() != Some(0));
        // Else an answer that cannot have a body would get one.
        let gzip = faults.gzip && source.is_some();
        let mut body = Self {
            source,
            corrupt_at: faults.corrupt_at,
            truncate_to: faults.truncate_to,
            taken: 0,
            gzip: gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast())),
            held: Bytes::new(),
            sent: 0,
            rate_limit: faults.bytes_per_second.map(RateLimit::new),
            stall_at: faults.stall_at,
            cut: faults.cut,
            entry,
            connection,
        };
        body.look_for_end();
        body
    }

    /// Puts the next bytes from upstream into `held`, damaged as the faults say.
    fn fill(&mut self, context: &mut Context<'_>) -> Poll<Filled> {
        while self.held.is_empty() {
            let Some(source) = &mut self.source else {
                let Some(gzip) = self.gzip.take() else {
                    return Poll::Ready(Filled::End);
                };
                self.held = gzip.finish().map(Bytes::from).unwrap_or_default();
                continue;
            };
            match ready!(source.poll_chunk(context)) {
                None => self.source = None,
                Some(Err(_)) => return Poll::Ready(Filled::UpstreamGone),
                Some(Ok(chunk)) => {
                    let chunk = self.damage(chunk);
                    self.held = match &mut self.gzip {
                        None => chunk,
                        Some(gzip) => match compress(gzip, &chunk) {
                            Ok(compressed) => compressed,
                            // Writing to memory does not fail.
                            Err(_) => return Poll::Ready(Filled::UpstreamGone),
                        },
                    };
                }
            }
        }
        Poll::Ready(Filled::Some)
    }

    fn damage(&mut self, mut chunk: Bytes) -> Bytes {
        let at = self.taken;
        let most = self.truncate_to.map_or(u64::MAX, |most| most - at);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let too_long = most < chunk.len();
        chunk.truncate(most);
        self.taken += chunk.len() as u64;
        if too_long {
            self.truncate();
        }
        self.look_for_end();
        let within = |wrong: u64| wrong.checked_sub(at).and_then(|place| usize::try_from(place).ok());
        match self.corrupt_at.and_then(within).filter(|place| *place < chunk.len()) {
            None => chunk,
            Some(place) => {
                let mut bytes = chunk.to_vec();
                bytes[place] ^= 1;
                bytes.into()
            }
        }
    }

    /// Lets go of the source as soon as it is known that no more is wanted: hyper does not ask again when it
    /// has as much as the head says.
    fn look_for_end(&mut self) {
        match self.source.as_ref().and_then(Source::left) {
            Some(0) => self.source = None,
            Some(_) if self.truncate_to == Some(self.taken) => self.truncate(),
            Some(_) | None => {}
        }
    }

    fn truncate(&mut self) {
        self.entry.will_be(Ended::Truncated);
        self.source = None;
    }

    /// The next chunk out of what is held.
    fn next_chunk(&mut self) -> Bytes {
        let places = [
            Some(CHUNK),
            self.rate_limit.as_ref().map(RateLimit::most),
            self.stall_at.map(|at| at - self.sent),
            self.cut.map(|cut| cut.at - self.sent),
        ];
        let most = places.into_iter().flatten().min().unwrap_or(CHUNK);
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(self.held.len());
        let chunk = self.held.split_to(most);
        self.sent += chunk.len() as u64;
        self.entry.hand(chunk.len() as u64);
        if let Some(rate_limit) = &mut self.rate_limit {
            rate_limit.sent(chunk.len() as u64);
        }
        chunk
    }

    /// Nothing more comes out of here; the connection goes when it has written what it has.
    fn cut(&self, kind: CutKind, context: &Context<'_>) {
        self.connection.cut_after_flush(kind);
        // hyper may have flushed already: once more, it must come round to it.
        context.waker().wake_by_ref();
    }

    fn has_ended(&self) -> bool {
        self.held.is_empty() && self.source.is_none() && self.gzip.is_none()
    }
}

enum Filled {
    Some,
    End,
    UpstreamGone,
}

fn compress(gzip: &mut GzEncoder<Vec<u8>>, chunk: &[u8]) -> io::Result<Bytes> {
    gzip.write_all(chunk)?;
    Ok(std::mem::take(gzip.get_mut()).into())
}

impl Body for FaultyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.has_ended() {
            return Poll::Ready(None);
        }
        if self.stall_at.is_some_and(|at| at <= self.sent) {
            // No one wakes this: the connection ends it, when the client leaves or it is cut.
            return Poll::Pending;
        }
        if let Some(cut) = self.cut.filter(|cut| cut.at <= self.sent) {
            self.cut(cut.kind, context);
            return Poll::Pending;
        }
        if let Some(rate_limit) = &mut self.rate_limit {
            ready!(rate_limit.poll(context));
        }
        match ready!(self.fill(context)) {
            Filled::Some => Poll::Ready(Some(Ok(Frame::data(self.next_chunk())))),
            Filled::End => Poll::Ready(None),
            Filled::UpstreamGone => {
                self.entry.end(Ended::UpstreamGone);
                self.cut(CutKind::Fin, context);
                // What is left of the source would only tell of the same failure again and again.
                self.stall_at = Some(self.sent);
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended()
    }
    // The length is what the header says: a size hint would make hyper bring a header back that was dropped.
}

impl Drop for FaultyBody {
    fn drop(&mut self) {
        self.entry.handed_over();
    }
}

impl Source {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        match self {
            Self::Upstream(body) => body.poll_chunk(context),
            Self::Own(bytes) => Poll::Ready(bytes.take().map(Ok)),
        }
    }

    /// Bytes still to come, if that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        match self {
            Self::Upstream(body) => body.left(),
            Self::Own(bytes) => Some(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}
