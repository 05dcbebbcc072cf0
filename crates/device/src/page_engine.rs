//! The page engine: fetches pieces in the page itself, where the browser has no Background Fetch, does not
//! allow it, or where the pieces are too small for it.
//!
//! What to ask for and when is decided by [`protocol::transfer`]; here it is carried out.

mod listen;
mod parting;
mod request;
mod store;
mod wake;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::{Either, select};
use futures_util::pin_mut;
use gloo_timers::future::TimeoutFuture;
use js_sys::{ArrayBuffer, Uint8Array};
use piece_store::{
    Parts as _, PieceBuffer, Pieces as _, Place, StoreError, Turn, TurnOf, Unverified, release,
};
use protocol::download::{Cause, Event, Millis, PageOutcome, PageTrouble};
use protocol::transfer::{Step, Transfer};
use protocol::{Digest, DigestSet, Piece};
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortController;

use crate::browser::{Device, log, now, window};
use crate::driver::Driver;
use crate::room;
use wake::Wake;

/// How often progress is told, in milliseconds.
const SHOW_EVERY: Millis = 250;

/// How long to wait for another tab before saying so, in milliseconds.
const SAY_SO: u32 = 300;

/// How long a run that was told to stop waits for what is being stored, in milliseconds.
const PATIENCE: Millis = 60_000;

/// A run of the engine, to stop it.
pub(crate) struct Run(Rc<Engine>);

impl Run {
    /// Ends it; it reports so.
    pub(crate) fn stop(&self) {
        self.0.stopped.set(true);
        if let Some(abort) = &self.0.abort {
            abort.abort();
        }
        self.0.transfer.borrow_mut().end(PageOutcome::Stopped);
        self.0.wake.wake();
    }

    /// Ends it without a word, since another run takes its place.
    pub(crate) fn replace(&self) {
        self.0.silent.set(true);
        self.stop();
    }
}

/// Begins to fetch these pieces.
pub(crate) fn start(driver: &Rc<Driver>, device: Device, pieces: Vec<Piece>) -> Run {
    let engine = Rc::new(Engine {
        driver: Rc::clone(driver),
        device,
        transfer: RefCell::new(Transfer::new(Vec::new())),
        wake: Wake::default(),
        abort: AbortController::new().ok(),
        stopped: Cell::default(),
        silent: Cell::default(),
        away: Cell::default(),
        over: Cell::default(),
        buffers: RefCell::default(),
        spare: RefCell::default(),
        requests: RefCell::default(),
        lent: RefCell::default(),
        with_parts: RefCell::default(),
        given_up: RefCell::default(),
        places: RefCell::default(),
        unverified: RefCell::default(),
        verifying: PieceBuffer::default(),
        saving: Cell::default(),
        shown: Cell::default(),
    });
    spawn_local({
        let engine = Rc::clone(&engine);
        async move {
            let outcome = engine.run(pieces).await;
            if engine.driver.with(|download| download.plan().is_none()) {
                engine.sweep().await;
            }
            if !engine.silent.get() {
                engine.driver.dispatch(Event::PageFinished(outcome));
            }
        }
    });
    Run(engine)
}

struct Engine {
    driver: Rc<Driver>,
    device: Device,
    transfer: RefCell<Transfer>,
    /// Set off when the transfer may have something new to say.
    wake: Wake,
    /// Ends the waiting for a turn; `None` where the browser has no such thing, here and below.
    abort: Option<AbortController>,
    stopped: Cell<bool>,
    silent: Cell<bool>,
    /// The page is about to go. It may be shown again.
    away: Cell<bool>,
    /// The run has ended: what a late answer brings is let go, for whoever wants that piece next waits for it.
    over: Cell<bool>,
    /// The bytes of each open piece, unless they go straight to the store. They stay in the browser's own memory: what
    /// this program's memory has once grown to, it never gives back.
    buffers: RefCell<Vec<(Digest, Uint8Array)>>,
    /// The memory of a piece that is done with, for the next one: garbage is collected late.
    spare: RefCell<Option<Uint8Array>>,
    requests: RefCell<Vec<(u32, Option<AbortController>)>>,
    /// Memory that requests read into, while none does.
    lent: RefCell<Vec<ArrayBuffer>>,
    /// Pieces of which parts may be stored.
    with_parts: RefCell<DigestSet>,
    /// Pieces that somebody began to store.
    given_up: RefCell<DigestSet>,
    /// Where pieces go that are not asked for yet.
    places: RefCell<Vec<(Digest, Place)>>,
    /// Pieces that went straight to the store.
    unverified: RefCell<Vec<(Digest, Unverified)>>,
    /// Memory to look at them.
    verifying: PieceBuffer,
    /// How many parts are being written.
    saving: Cell<u32>,
    /// When progress was last shown.
    shown: Cell<Millis>,
}

impl Engine {
    async fn run(self: &Rc<Self>, mut pieces: Vec<Piece>) -> PageOutcome {
        // Given back when this run ends, or with the tab.
        let _turn = match self.turn().await {
            Ok(turn) => turn,
            Err(_) if self.stopped.get() => return PageOutcome::Stopped,
            Err(error) => return self.broken(&error),
        };
        let _files = self.device.store.parts().keep_open();
        // Of the page before this one, perhaps.
        parting::settled(&self.device.worker).await;
        match self.device.store.parts().list().await {
            Ok(parts) => {
                // The last one is the first to be fetched: one that was begun, so that there are never many of those.
                let mut at = pieces.len();
                for i in (0..pieces.len()).rev() {
                    if parts.contains(&pieces[i].digest) {
                        at -= 1;
                        pieces.swap(i, at);
                    }
                }
                self.with_parts.replace(parts);
            }
            Err(error) => return self.broken(&error),
        }
        match self.device.store.pieces().unfinished().await {
            Ok(given_up) => drop(self.given_up.replace(given_up)),
            Err(error) => return self.broken(&error),
        }
        let size = pieces.iter().map(|piece| piece.size).sum::<u64>();
        let tight = room::left().await.is_some_and(|left| left < size);
        self.transfer.replace(Transfer::new(pieces).one_by_one(tight));
        if self.stopped.get() {
            return PageOutcome::Stopped;
        }
        let _listening = listen::listen(self);
        let outcome = self.carry_out().await;
        self.over.set(true);
        self.put_away().await;
        // What is stored already is looked at by whoever wants it.
        self.unverified.take();
        self.buffers.take();
        if let Some(spare) = self.spare.take() {
            release(&spare.buffer());
        }
        self.device.store.parts().let_go();
        for lent in self.lent.take() {
            release(&lent);
        }
        self.verifying.let_go();
        outcome
    }

    fn broken(&self, error: &StoreError) -> PageOutcome {
        log("fetching cannot begin", &error.to_string().into());
        PageOutcome::Failed(Cause::Storage)
    }

    /// Two tabs would fetch everything twice.
    async fn turn(&self) -> Result<Turn, StoreError> {
        let (model, _) = self.driver.identity();
        let signal = self.abort.as_ref().map(AbortController::signal);
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

    async fn carry_out(self: &Rc<Self>) -> PageOutcome {
        let mut trouble: Option<PageTrouble> = None;
        let mut stopped = None;
        loop {
            while self.away.get() && !self.stopped.get() {
                self.wake.wait().await;
            }
            // A request is sent even where the browser thinks that it is offline: the server may be on this device.
            // If it fails then, the person is told why.
            let offline = !window().navigator().on_line();
            let random = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
            let step = self.transfer.borrow_mut().next(now(), offline, random);
            match step {
                Step::Open(piece) => spawn_local(Rc::clone(self).open(piece)),
                Step::Request(request) => spawn_local(Rc::clone(self).request(request)),
                Step::Abort(id) => self.abort_request(id),
                Step::Admit(piece) => spawn_local(Rc::clone(self).admit(piece)),
                Step::Forget(digest) => self.forget(&digest),
                Step::End(outcome) => return outcome,
                // Whatever it is that does not end.
                Step::Wait(_)
                    if self.stopped.get() && now() >= *stopped.get_or_insert_with(now) + PATIENCE =>
                {
                    return PageOutcome::Stopped;
                }
                Step::Wait(until) => {
                    let in_the_way = self.transfer.borrow().trouble();
                    if in_the_way != trouble {
                        trouble = in_the_way;
                        if trouble.is_some() {
                            // Nothing more comes for a while.
                            self.save(true);
                        }
                        self.driver.dispatch(Event::PageTrouble(trouble));
                    }
                    // At most a minute, which fits whatever a timer takes.
                    let pause = until.saturating_sub(now()).min(60_000) as u32;
                    select(self.wake.wait(), TimeoutFuture::new(pause)).await;
                }
            }
        }
    }

    /// Before the page goes: has what has come saved, and lets nothing more come. The browser would go on receiving for a
    /// while, and nobody would keep it.
    fn leave(self: &Rc<Self>) {
        self.away.set(true);
        self.hand_over();
        for (_, abort) in self.requests.take() {
            if let Some(abort) = abort {
                abort.abort();
            }
        }
    }

    fn abort_request(&self, id: u32) {
        let requests = &mut *self.requests.borrow_mut();
        if let Some(at) = requests.iter().position(|request| request.0 == id)
            && let Some(abort) = requests.swap_remove(at).1
        {
            abort.abort();
        }
    }

    fn buffer(&self, digest: &Digest) -> Option<Uint8Array> {
        self.buffers.borrow().iter().find(|buffer| buffer.0 == *digest).map(|buffer| buffer.1.clone())
    }

    /// Shows how many bytes are here, now and then.
    fn show(&self, now: Millis) {
        if now >= self.shown.get() + SHOW_EVERY {
            self.shown.set(now);
            self.show_now();
            // The transfer counts on being asked again after progress.
            self.wake.wake();
        }
    }

    fn show_now(&self) {
        let in_flight = self.transfer.borrow().in_flight();
        self.driver.dispatch(Event::PageProgress { in_flight });
    }
}
