//! The page engine: fetches pieces in the page itself, where the browser has no Background Fetch, does not
//! allow it, or where the pieces are too small for it.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::{Either, select};
use futures_util::pin_mut;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Reflect, Uint8Array};
use piece_store::{AdmitError, Pieces as _, StoreError, StoreErrorKind, Turn, TurnOf};
use protocol::download::{Cause, Event, PageOutcome};
use protocol::{FromWorker, Piece, Refusal, routes};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, ReadableStreamDefaultReader};

use super::browser::{Device, log, now};
use super::driver::Driver;
use super::{http, news};

/// How often a piece is tried before giving up, and how long to wait before each further try, in milliseconds.
const PAUSES: [u32; 3] = [500, 2_000, 5_000];

/// How often progress is shown, in milliseconds.
const SHOW_EVERY: u64 = 100;

/// How long the connection may be silent, in milliseconds. Not how long a piece may take: lines are slow.
const IDLE: u32 = 30_000;

/// How long to wait for another tab before saying so, in milliseconds.
const SAY_SO: u32 = 300;

/// A run of the engine, to stop it.
#[derive(Debug)]
pub(super) struct Run {
    control: Rc<Control>,
}

#[derive(Debug)]
struct Control {
    /// `None` where the browser has no `AbortController`: then it stops at the next chunk.
    abort: Option<AbortController>,
    stopped: Cell<bool>,
    silent: Cell<bool>,
}

impl Run {
    /// Ends it; it reports so.
    pub(super) fn stop(&self) {
        self.control.stopped.set(true);
        if let Some(abort) = &self.control.abort {
            abort.abort();
        }
    }

    /// Ends it without a word, since another run takes its place.
    pub(super) fn replace(&self) {
        self.control.silent.set(true);
        self.stop();
    }
}

/// Why a piece could not be had this time.
enum Failure {
    /// Another try may help.
    Passing(Cause),
    /// Another try will not help now.
    Final(Cause),
    Stopped,
}

/// Begins to fetch these pieces, one after the other.
pub(super) fn start(driver: &Rc<Driver>, device: Device, pieces: Vec<Piece>) -> Run {
    let control = Rc::new(Control {
        abort: AbortController::new().ok(),
        stopped: Cell::default(),
        silent: Cell::default(),
    });
    let engine =
        Engine { driver: Rc::clone(driver), device, control: Rc::clone(&control), shown: Cell::default() };
    spawn_local(async move {
        let outcome = engine.run(pieces).await;
        if !engine.control.silent.get() {
            engine.driver.dispatch(Event::PageFinished(outcome));
        }
    });
    Run { control }
}

struct Engine {
    driver: Rc<Driver>,
    device: Device,
    control: Rc<Control>,
    /// When progress was last shown.
    shown: Cell<u64>,
}

impl Engine {
    async fn run(&self, pieces: Vec<Piece>) -> PageOutcome {
        // Given back when this run ends, or with the tab.
        let _turn = match self.turn().await {
            Ok(turn) => turn,
            Err(_) if self.control.stopped.get() => return PageOutcome::Stopped,
            Err(error) => {
                log("tabs cannot take turns", &error.to_string().into());
                return PageOutcome::Failed(Cause::Storage);
            }
        };
        let mut corrupt = 0;
        for piece in pieces {
            match self.piece(piece).await {
                Ok(()) => {}
                // The others may be right.
                Err(Failure::Passing(Cause::Corrupt(_)) | Failure::Final(Cause::Corrupt(_))) => corrupt += 1,
                Err(Failure::Passing(cause) | Failure::Final(cause)) => return PageOutcome::Failed(cause),
                Err(Failure::Stopped) => return PageOutcome::Stopped,
            }
        }
        if corrupt == 0 { PageOutcome::Done } else { PageOutcome::Failed(Cause::Corrupt(corrupt)) }
    }

    /// Two tabs would fetch everything twice.
    async fn turn(&self) -> Result<Turn, StoreError> {
        let (model, _) = self.driver.identity();
        let signal = self.control.abort.as_ref().map(AbortController::signal);
        let turn = Turn::wait(TurnOf::PageEngine(&model), signal.as_ref());
        pin_mut!(turn);
        match select(turn, TimeoutFuture::new(SAY_SO)).await {
            Either::Left((turn, _)) => turn,
            Either::Right(((), turn)) => {
                self.driver.dispatch(Event::PageWaits(true));
                let turn = turn.await;
                self.driver.dispatch(Event::PageWaits(false));
                turn
            }
        }
    }

    async fn piece(&self, piece: Piece) -> Result<(), Failure> {
        let mut pauses = PAUSES.iter();
        let mut damaged = false;
        loop {
            match self.try_piece(piece).await {
                // Once may be bad luck on the way; twice is what the server has.
                Err(Failure::Passing(cause @ Cause::Corrupt(_))) if damaged => {
                    return Err(Failure::Final(cause));
                }
                Err(Failure::Passing(Cause::Corrupt(_))) => damaged = true,
                Err(Failure::Passing(cause)) => match pauses.next() {
                    Some(pause) => TimeoutFuture::new(*pause).await,
                    None => return Err(Failure::Final(cause)),
                },
                done => return done,
            }
            if self.control.stopped.get() {
                return Err(Failure::Stopped);
            }
        }
    }

    async fn try_piece(&self, piece: Piece) -> Result<(), Failure> {
        let Piece { digest, size } = piece;
        let store = self.device.store.pieces();
        // Another tab, the worker or another model may have it by now.
        if !matches!(store.has(&digest).await, Ok(true)) {
            let bytes = self.fetch(&routes::piece(&digest), size).await?;
            store.admit(&digest, bytes).await.map_err(|error| {
                log("a piece was refused", &error.to_string().into());
                match error {
                    AdmitError::Mismatch { .. } => {
                        self.driver.dispatch(Event::Refused { digest, refusal: Refusal::Mismatch });
                        Failure::Passing(Cause::Corrupt(1))
                    }
                    AdmitError::Store(error) => Failure::Final(match error.kind {
                        StoreErrorKind::NoRoom => Cause::NoRoom,
                        StoreErrorKind::Unsupported | StoreErrorKind::Other => Cause::Storage,
                    }),
                }
            })?;
            news::tell(&FromWorker::Admitted { digest });
        }
        self.driver.dispatch(Event::PageProgress { in_flight: 0 });
        self.driver.dispatch(Event::Admitted(digest));
        Ok(())
    }

    /// The body of a piece. Never more than `size` bytes are held.
    async fn fetch(&self, url: &str, size: u64) -> Result<Uint8Array, Failure> {
        let signal = self.control.abort.as_ref().map(AbortController::signal);
        let response = http::get(url, signal.as_ref()).await.map_err(|error| self.network(&error))?;
        match response.status() {
            200 => {}
            404 | 410 => return Err(Failure::Final(Cause::Gone)),
            status @ (408 | 429 | 500..) => return Err(Failure::Passing(Cause::Status(status))),
            status => return Err(Failure::Final(Cause::Status(status))),
        }
        let Some(body) = response.body() else {
            return Err(Failure::Passing(Cause::Network));
        };
        let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        // A piece is at most 256 MiB, so it has a place in 32 bits.
        let size = u32::try_from(size).or(Err(Failure::Final(Cause::Storage)))?;
        let bytes = Uint8Array::new_with_length(size);
        let mut length = 0_u32;
        loop {
            let read = JsFuture::from(reader.read());
            let read = match select(read, TimeoutFuture::new(IDLE)).await {
                Either::Left((read, _)) => read.map_err(|error| self.network(&error))?,
                Either::Right(_) => {
                    let _ = reader.cancel();
                    return Err(self.network(&"nothing has come for a while".into()));
                }
            };
            let field = |name: &str| Reflect::get(&read, &name.into()).unwrap_or(JsValue::UNDEFINED);
            if field("done").is_truthy() {
                break;
            }
            let chunk: Uint8Array = field("value").unchecked_into();
            let end = length.saturating_add(chunk.length());
            if end > size {
                // Too long cannot be right. Stop before it gets longer.
                let _ = reader.cancel();
                return Err(Failure::Passing(Cause::Corrupt(1)));
            }
            bytes.set(&chunk, length);
            length = end;
            self.show(u64::from(length));
        }
        if length < size {
            return Err(Failure::Passing(Cause::Network));
        }
        Ok(bytes)
    }

    fn network(&self, error: &JsValue) -> Failure {
        if self.control.stopped.get() {
            return Failure::Stopped;
        }
        log("a piece could not be fetched", error);
        Failure::Passing(Cause::Network)
    }

    fn show(&self, in_flight: u64) {
        if now() >= self.shown.get() + SHOW_EVERY {
            self.shown.set(now());
            self.driver.dispatch(Event::PageProgress { in_flight });
        }
    }
}
