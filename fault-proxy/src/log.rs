//! What was asked and what was sent, also of answers that are still under way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderName, header};
use serde::Serialize;

/// All requests since the start.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<Arc<Entry>>>);

/// One request and its answer.
#[derive(Debug)]
pub(crate) struct Entry {
    number: usize,
    method: String,
    path: String,
    query: Option<String>,
    range: Option<String>,
    if_range: Option<String>,
    began: Instant,
    /// Of the body, handed to the connection.
    bytes: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    status: Option<u16>,
    faults: Vec<String>,
    /// Nothing more will be handed to the connection; it may still hold some of it.
    handed_over: bool,
    /// How it ends if all that was handed over is sent.
    good_end: Option<Ended>,
    ended: Option<(Ended, Duration)>,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ended {
    Complete,
    /// The connection was closed on purpose, by a rule or a command.
    Cut,
    /// Complete HTTP, with less of the body than there is.
    Truncated,
    /// The client closed the connection first.
    ClientGone,
    /// There was no answer from upstream (then it is a 502), or it broke off.
    UpstreamGone,
}

/// An entry as it is told.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    number: usize,
    method: String,
    path: String,
    query: Option<String>,
    range: Option<String>,
    if_range: Option<String>,
    status: Option<u16>,
    bytes: u64,
    ms: u64,
    faults: Vec<String>,
    ended: Told,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Told {
    Ended(Ended),
    Open(&'static str),
}

impl Log {
    pub(crate) fn begin<B>(&self, request: &http::Request<B>) -> Arc<Entry> {
        let text = |name: HeaderName| {
            request.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = Arc::new(Entry {
            number: entries.len(),
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().map(str::to_owned),
            range: text(header::RANGE),
            if_range: text(header::IF_RANGE),
            began: Instant::now(),
            bytes: AtomicU64::new(0),
            state: Mutex::default(),
        });
        entries.push(Arc::clone(&entry));
        entry
    }

    /// The requests from number `since` on, and the number that the next one will have.
    pub(crate) fn since(&self, since: usize) -> (Vec<Line>, usize) {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (entries.iter().skip(since).map(|entry| entry.line()).collect(), entries.len())
    }
}

impl Entry {
    pub(crate) fn faults(&self, names: Vec<String>) {
        self.state().faults = names;
    }

    pub(crate) fn status(&self, status: u16) {
        self.state().status = Some(status);
    }

    /// Counts bytes that are being handed to the connection.
    pub(crate) fn hand(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Says what sending all of it will have been, if not complete.
    pub(crate) fn will_be(&self, end: Ended) {
        self.state().good_end = Some(end);
    }

    pub(crate) fn handed_over(&self) {
        self.state().handed_over = true;
    }

    /// The connection has sent what it had. Says whether the answer was all in it.
    pub(crate) fn flushed(&self) -> bool {
        let state = self.state();
        if !state.handed_over {
            return false;
        }
        let end = state.good_end.unwrap_or(Ended::Complete);
        drop(state);
        self.end(end);
        true
    }

    /// The first end is the one that counts.
    pub(crate) fn end(&self, end: Ended) {
        let took = self.began.elapsed();
        self.state().ended.get_or_insert((end, took));
    }

    fn line(&self) -> Line {
        // Before the bytes: what has ended has all its bytes.
        let state = self.state();
        let took = state.ended.map_or_else(|| self.began.elapsed(), |(_, took)| took);
        Line {
            number: self.number,
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            range: self.range.clone(),
            if_range: self.if_range.clone(),
            status: state.status,
            bytes: self.bytes.load(Ordering::Relaxed),
            ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            faults: state.faults.clone(),
            ended: state.ended.map_or(Told::Open("open"), |(end, _)| Told::Ended(end)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
