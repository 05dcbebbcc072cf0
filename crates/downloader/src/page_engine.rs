//! The page engine fetches pieces in the page. It works if the browser has no Background Fetch or does not
//! allow it, and for pieces that are too small for it.
//!
//! [`protocol::transfer`] decides what to request and when. The code here carries it out.

mod memory;
mod request;
mod saving;
mod storing;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use futures_util::future::{Either, select};
use piece_store::{AsyncMutex, LockName, Locks, Parts as _, Pieces, StoreError};
use protocol::download::{
    Cause, Download, Event, FallbackReason, Millis, PageEvent, PageOutcome, PageTrouble, State,
};
use protocol::transfer::{Saving, Step, Transfer};
use protocol::{Digest, DigestSet, Piece};

use crate::context::DownloadContext;
use crate::ports::{Device, Handover as _, Lifecycle, Page, Ports, Quota as _, Runtime as _};
use crate::wake::Wake;

/// How often progress is reported.
const REPORT_EVERY: Millis = 250;

/// How long to wait for another tab before saying so.
const SAY_SO: Millis = 300;

/// How long a run that was told to stop waits for what is being stored.
const PATIENCE: Millis = 60_000;

/// The longest that a task waits without a look, whatever a timer takes.
const LONGEST_WAIT: Millis = 60_000;

/// A run of the engine, to stop it. It keeps itself alive until it ends.
pub(crate) struct Run(Weak<dyn Stop>);

impl Run {
    /// Ends it; it reports so.
    pub(crate) fn stop(&self) {
        if let Some(engine) = self.0.upgrade() {
            engine.stop();
        }
    }
}

trait Stop {
    fn stop(&self);
}

/// Begins to fetch these pieces. The results are events of this run.
pub(crate) fn start<G: Page>(
    context: Rc<dyn DownloadContext<G>>,
    device: Device<G::Ports>,
    run: u64,
    pieces: Vec<Piece>,
) -> Run {
    let engine = Rc::new(Engine {
        context,
        device,
        run,
        transfer: RefCell::new(Transfer::new(Vec::new())),
        wake: Wake::default(),
        stopped: Cell::default(),
        stop: Wake::default(),
        away: Cell::default(),
        over: Cell::default(),
        buffers: RefCell::default(),
        spare: RefCell::default(),
        requests: RefCell::default(),
        with_parts: RefCell::default(),
        abandoned: RefCell::default(),
        reservations: RefCell::default(),
        staged: RefCell::default(),
        storing: AsyncMutex::default(),
        saving: Cell::default(),
        reported: Cell::default(),
    });
    engine.context.runtime().spawn({
        let engine = Rc::clone(&engine);
        async move {
            let outcome = engine.run(pieces).await;
            if engine.context.with(|download: &Download| download.plan().is_none()) {
                engine.sweep().await;
            }
            engine.report(PageEvent::Finished(outcome));
        }
    });
    let engine: Rc<dyn Stop> = engine;
    Run(Rc::downgrade(&engine))
}

struct Engine<G: Page> {
    context: Rc<dyn DownloadContext<G>>,
    device: Device<G::Ports>,
    /// Tells it apart from earlier runs of the same download.
    run: u64,
    transfer: RefCell<Transfer>,
    /// Set off when the transfer may have something new to say.
    wake: Wake,
    stopped: Cell<bool>,
    /// Set off when the run must stop.
    stop: Wake,
    /// The page is about to go. It may be shown again.
    away: Cell<bool>,
    /// The run has ended: a late response is dropped, because the next engine waits for the lock of its piece.
    over: Cell<bool>,
    /// The bytes of each open piece, unless they go straight to the store. They stay in the browser's own memory: what
    /// this program's memory has once grown to, it never gives back.
    buffers: RefCell<Vec<(Digest, Bytes<G>)>>,
    /// The memory of a piece that is done with, for the next one: garbage is collected late.
    spare: RefCell<Option<Bytes<G>>>,
    /// How to end each request.
    requests: RefCell<Vec<(u32, Rc<Wake>)>>,
    /// Pieces of which parts may be stored.
    with_parts: RefCell<DigestSet>,
    /// Pieces whose storing was abandoned.
    abandoned: RefCell<DigestSet>,
    /// Places for pieces that are not asked for yet.
    reservations: RefCell<Vec<(Digest, Reservation<G>)>>,
    /// Pieces that went straight to the store.
    staged: RefCell<Vec<(Digest, Staged<G>)>>,
    /// Held while a piece is hashed in memory, which takes as much again.
    storing: AsyncMutex,
    /// How many parts are being written.
    saving: Cell<u32>,
    /// When progress was last reported.
    reported: Cell<Millis>,
}

type Bytes<G> = <<G as Page>::Ports as Ports>::Bytes;
type Reservation<G> = <<<G as Page>::Ports as Ports>::Pieces as Pieces>::Reservation;
type Staged<G> = <<<G as Page>::Ports as Ports>::Pieces as Pieces>::Staged;
type Lock<G> = <<<G as Page>::Ports as Ports>::Locks as Locks>::Lock;

impl<G: Page> Stop for Engine<G> {
    fn stop(&self) {
        self.stopped.set(true);
        self.stop.wake();
        self.transfer.borrow_mut().end(PageOutcome::Stopped);
        self.wake.wake();
    }
}

impl<G: Page> Engine<G> {
    async fn run(self: &Rc<Self>, mut pieces: Vec<Piece>) -> PageOutcome {
        // Released when this run ends, or with the tab.
        let _lock = match self.lock().await {
            Some(Ok(lock)) => lock,
            None => return PageOutcome::Stopped,
            Some(Err(error)) => return self.broken(&error),
        };
        let store = &self.device.store;
        let _files = store.parts().keep_open();
        // Of the page before this one, perhaps.
        self.device.handover.settled().await;
        match store.parts().list().await {
            Ok(parts) => {
                // The last one is the first to be fetched: one that was begun, so that there are never many of those.
                let (begun, mut others) = pieces.into_iter().partition(|piece| parts.contains(&piece.digest));
                let begun: Vec<Piece> = begun;
                others.extend(begun);
                pieces = others;
                self.with_parts.replace(parts);
            }
            Err(error) => return self.broken(&error),
        }
        match store.pieces().unfinished().await {
            Ok(abandoned) => drop(self.abandoned.replace(abandoned)),
            Err(error) => return self.broken(&error),
        }
        let size = pieces.iter().map(|piece| piece.size).sum::<u64>();
        // Some browsers name more than there is, and say so only when a background fetch starts.
        let refused = self.context.with(|download| match download.state() {
            State::Fetching(fetching) => fetching.fallback_reason == Some(FallbackReason::NoRoom),
            _ => false,
        });
        let tight = refused || self.device.quota.left().await.is_some_and(|left| left < size);
        if self.stopped.get() {
            return PageOutcome::Stopped;
        }
        self.transfer.replace(Transfer::new(pieces).one_by_one(tight));
        let listening = Rc::downgrade(self);
        let _listener = self.context.page().on_lifecycle(move |lifecycle| {
            if let Some(engine) = listening.upgrade() {
                engine.live(lifecycle);
            }
        });
        let outcome = self.carry_out().await;
        self.over.set(true);
        self.put_away().await;
        // The next survey verifies what is stored already.
        self.staged.take();
        self.release_memory();
        outcome
    }

    fn broken(&self, error: &StoreError) -> PageOutcome {
        self.device.runtime.log("fetching cannot begin", error);
        PageOutcome::Failed(Cause::Storage)
    }

    /// Two tabs would fetch everything twice. `None` if it must stop meanwhile.
    async fn lock(&self) -> Option<Result<Lock<G>, StoreError>> {
        let (model, _) = self.context.identity();
        let waiting = Box::pin(self.device.locks.wait(LockName::PageEngine(&model)));
        let lock = match select(waiting, Box::pin(self.device.runtime.sleep(SAY_SO))).await {
            Either::Left((lock, _)) => lock,
            Either::Right(((), waiting)) => {
                self.report(PageEvent::Waits(true));
                let Either::Left((lock, _)) = select(waiting, self.stop.wait()).await else {
                    return None;
                };
                self.report(PageEvent::Waits(false));
                lock
            }
        };
        if self.stopped.get() { None } else { Some(lock) }
    }

    /// What happens to the page.
    fn live(self: &Rc<Self>, lifecycle: Lifecycle) {
        match lifecycle {
            Lifecycle::Online => self.transfer.borrow_mut().online(),
            // Phones end pages that are out of sight without a word.
            Lifecycle::Hidden => self.hand_over(),
            Lifecycle::Visible => return,
            // No more bytes may arrive: the browser would continue to receive, and the bytes would be lost.
            Lifecycle::Leave => {
                self.away.set(true);
                self.hand_over();
                for (_, end) in self.requests.take() {
                    end.wake();
                }
            }
            // From the cache of pages that one can go back to.
            Lifecycle::Return => self.away.set(false),
        }
        self.wake.wake();
    }

    async fn carry_out(self: &Rc<Self>) -> PageOutcome {
        let runtime = &self.device.runtime;
        let mut trouble: Option<PageTrouble> = None;
        let mut stopped = None;
        loop {
            while self.away.get() && !self.stopped.get() {
                self.wake.wait().await;
            }
            // A request is sent even where the browser thinks that it is offline: the server may be on this device.
            // If it fails then, the user sees the reason.
            let offline = !self.context.page().is_online();
            let now = runtime.now();
            let step = self.transfer.borrow_mut().next(now, offline, runtime.random());
            match step {
                Step::Open(piece) => runtime.spawn(Rc::clone(self).open(piece)),
                Step::Request(request) => runtime.spawn(Rc::clone(self).request(request)),
                Step::Abort(id) => self.end_request(id),
                Step::Admit(piece) => runtime.spawn(Rc::clone(self).admit(piece)),
                Step::Forget(digest) => self.forget(&digest),
                Step::PutAway(digest) => runtime.spawn(Rc::clone(self).save_rest(digest)),
                Step::End(outcome) => return outcome,
                // Whatever it is that does not end.
                Step::Wait(_) if self.stopped.get() && now >= *stopped.get_or_insert(now) + PATIENCE => {
                    return PageOutcome::Stopped;
                }
                Step::Wait(until) => {
                    let in_the_way = self.transfer.borrow().trouble();
                    if in_the_way != trouble {
                        trouble = in_the_way;
                        if trouble.is_some() {
                            // Nothing more comes for a while.
                            self.save(Saving::All);
                        }
                        self.report(PageEvent::Trouble(trouble));
                    }
                    let pause = until.saturating_sub(now).min(LONGEST_WAIT);
                    select(self.wake.wait(), Box::pin(runtime.sleep(pause))).await;
                }
            }
        }
    }

    fn end_request(&self, id: u32) {
        let requests = &mut *self.requests.borrow_mut();
        if let Some(at) = requests.iter().position(|request| request.0 == id) {
            requests.swap_remove(at).1.wake();
        }
    }

    fn report(&self, event: PageEvent) {
        self.context.dispatch(Event::Page { run: self.run, event });
    }

    /// Reports how many bytes are here, now and then.
    fn report_progress(&self, now: Millis) {
        if now >= self.reported.get() + REPORT_EVERY {
            self.reported.set(now);
            self.report_progress_now();
            // The transfer counts on being asked again after progress.
            self.wake.wake();
        }
    }

    fn report_progress_now(&self) {
        let in_flight = self.transfer.borrow().in_flight();
        self.report(PageEvent::Progress { in_flight });
    }
}
