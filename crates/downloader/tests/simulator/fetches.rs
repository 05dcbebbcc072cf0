//! Background Fetch as Chromium implements it.
//!
//! - A record may be reported as a success without a byte. This happens after 100 s without a network, or
//!   if a resumed request gets the whole piece.
//! - A cut connection is resumed at that byte, at once. Without a network the browser retries every 20 s.
//! - 5xx and 429 are tried 5 times, other statuses once.
//! - The completion event comes once. The records are gone when its handler ends, however it ends.
//! - A closed browser fails its fetches at the next start. A killed one continues them.
//! - Navigation in any tab pauses a resumed request, until 30 s after the navigation. Other requests
//!   continue, because the server does not send `Accept-Ranges`.
//! - It checks neither digests nor lengths.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use downloader::ports::{BackgroundFetches, FetchError, Record, Registration};
use piece_store::{MemoryBody, MemoryBytes};
use protocol::download::StartRefusal;
use protocol::{AttemptId, Digest, Ending, Piece, TextForm as _, routes};

use super::server::Trouble;
use super::waste::PAGE_ACTS;
use super::world::{BROWSER, World};

const RETRY: u64 = 20_000;
const TRIES: u32 = 5;

/// After how long without a byte a page does not want a background fetch any more.
const GIVEN_UP: u64 = 20_000;

/// For how long a navigation pauses requests that were resumed.
const NAVIGATION: u64 = 30_000;

/// A background fetch.
pub struct Fetch {
    pub attempt: AttemptId,
    records: Vec<Rc<FetchRecord>>,
    received: Cell<u64>,
    ended: Cell<Option<Ending>>,
    available: Cell<bool>,
    aborted: Cell<bool>,
    pub started: u64,
    /// Whether a page fetches the same.
    pub is_beside: Cell<bool>,
    pub paused: Cell<bool>,
    listeners: RefCell<Vec<(u64, Rc<dyn Fn(u64)>)>>,
}

struct FetchRecord {
    digest: Digest,
    /// `Some(None)`: it failed.
    answer: RefCell<Option<Option<(u16, MemoryBytes)>>>,
}

impl Fetch {
    pub fn is_active(&self) -> bool {
        self.ended.get().is_none()
    }

    /// Bytes of its pieces.
    pub fn total(&self, world: &World) -> u64 {
        self.records.iter().map(|record| world.server().size_of(&record.digest)).sum()
    }

    /// Whether it is to bring this piece, and has not ended.
    pub fn asks_for(&self, digest: &Digest) -> bool {
        self.is_active() && self.records.iter().any(|record| record.digest == *digest)
    }

    /// Whether no byte has come.
    pub fn is_new(&self) -> bool {
        self.received.get() == 0
    }

    /// Nobody can read its records any more.
    pub fn lose_records(&self) {
        if !self.is_active() {
            self.available.set(false);
        }
    }

    /// Bytes of the pieces that only its records have.
    pub fn only_here(&self, world: &World) -> u64 {
        let open = self.records.iter().filter(|_| self.available.get());
        let answered = |record: &&Rc<FetchRecord>| match &*record.answer.borrow() {
            Some(Some((_, bytes))) if !world.origin().is_readable(&record.digest) => u64::from(bytes.len()),
            _ => 0,
        };
        open.map(|record| answered(&record)).sum()
    }

    /// As somebody does in the browser's own interface.
    pub fn cancel(&self) {
        self.aborted.set(true);
    }

    fn received(&self, bytes: u64) {
        self.received.set(self.received.get() + bytes);
        let listeners: Vec<_> = self.listeners.borrow().iter().map(|(_, told)| Rc::clone(told)).collect();
        for told in listeners {
            told(self.received.get());
        }
    }
}

/// How one request ended.
enum End {
    Answer(u16, MemoryBytes),
    Aborted,
    Network,
}

async fn request(world: &World, fetch: &Fetch, digest: &Digest) -> End {
    let executor = world.executor();
    let came = MemoryBytes::default();
    let mut tries = 0;
    loop {
        while fetch.paused.get() || world.server().trouble() == Trouble::Offline {
            executor.sleep(500).await;
            if fetch.aborted.get() {
                return End::Aborted;
            }
        }
        let at = came.len();
        let range = (at > 0).then_some((at, u32::MAX - 1));
        match world.server().get(digest, range).await {
            Ok(mut sent) => match (sent.status, at) {
                // It does not take the whole for the rest.
                (200, 1..) => return End::Answer(200, MemoryBytes::default()),
                (200 | 206, _) => loop {
                    // A request that was resumed is one that can be paused, and navigation does.
                    while at > 0 && executor.now() < world.0.navigated.get() + NAVIGATION {
                        executor.sleep(500).await;
                        if fetch.aborted.get() {
                            return End::Aborted;
                        }
                    }
                    match sent.next().await {
                        Ok(Some(bytes)) => {
                            came.append(&bytes);
                            fetch.received(u64::from(bytes.len()));
                        }
                        Ok(None) => return End::Answer(200, came),
                        Err(_) => break,
                    }
                    if fetch.aborted.get() {
                        return End::Aborted;
                    }
                },
                (status @ (429 | 500..), _) => {
                    tries += 1;
                    if tries >= TRIES {
                        return End::Answer(status, MemoryBytes::default());
                    }
                    executor.sleep(RETRY).await;
                }
                (status, _) => return End::Answer(status, MemoryBytes::default()),
            },
            Err(_) => {
                tries += 1;
                if tries > TRIES {
                    return End::Network;
                }
                let mut waited = 0;
                while waited < RETRY && !fetch.aborted.get() {
                    executor.sleep(1_000).await;
                    waited += 1_000;
                }
            }
        }
        if fetch.aborted.get() {
            return End::Aborted;
        }
    }
}

async fn run(world: World, fetch: Rc<Fetch>) {
    let executor = world.executor();
    executor.sleep(500 + executor.below(3_000)).await;
    let mut ending = Ending::Success;
    for record in &fetch.records {
        match request(&world, &fetch, &record.digest).await {
            End::Answer(status, bytes) => {
                if status >= 300 {
                    ending = Ending::BadStatus;
                }
                record.answer.replace(Some(Some((status, bytes))));
                if ending == Ending::BadStatus {
                    break;
                }
            }
            // And the whole is called a success.
            End::Network => drop(record.answer.replace(Some(Some((200, MemoryBytes::default()))))),
            End::Aborted => {
                ending = Ending::Aborted;
                break;
            }
        }
    }
    end(&world, &fetch, ending).await;
}

async fn end(world: &World, fetch: &Rc<Fetch>, ending: Ending) {
    for record in &fetch.records {
        let open = record.answer.borrow().is_none();
        if open {
            record.answer.replace(Some(None));
        }
    }
    fetch.ended.set(Some(ending));
    world.forget_fetch(fetch);
    world.0.ending.borrow_mut().push(Rc::clone(fetch));
    // What the browser copies then takes a moment, in which nobody knows this fetch.
    world.executor().sleep(1 + world.executor().below(300)).await;
    world.0.ending.borrow_mut().retain(|other| !Rc::ptr_eq(other, fetch));
    world.complete(fetch);
}

/// What a closed browser does at its next start with what it had been fetching.
pub fn fail_after_restart(world: &World, fetch: &Rc<Fetch>) {
    let (world, fetch) = (world.clone(), Rc::clone(fetch));
    world.executor().spawn(BROWSER, {
        let world = world.clone();
        async move {
            world.executor().sleep(2_000 + world.executor().below(6_000)).await;
            end(&world, &fetch, Ending::FetchError).await;
        }
    });
}

/// Those of one page or worker.
#[derive(Clone)]
pub struct SimFetches(pub World);

impl SimFetches {
    async fn ask(&self) -> Result<(), FetchError> {
        self.0.executor().sleep(self.0.executor().below(5)).await;
        if self.0.0.fetches_unknown.get() {
            return Err(FetchError("the browser does not say".to_owned()));
        }
        Ok(())
    }
}

impl BackgroundFetches for SimFetches {
    type Body = MemoryBody;
    type Registration = SimRegistration;

    async fn ids(&self) -> Result<Vec<String>, FetchError> {
        self.ask().await?;
        Ok(self.0.fetches().iter().map(|fetch| fetch.attempt.to_text()).collect())
    }

    async fn get(&self, attempt: &AttemptId) -> Result<Option<SimRegistration>, FetchError> {
        self.ask().await?;
        let found = self.0.fetches().into_iter().find(|fetch| fetch.attempt == *attempt);
        Ok(found.map(|fetch| SimRegistration { world: self.0.clone(), fetch }))
    }

    async fn start(&self, attempt: &AttemptId, pieces: &[Piece]) -> Result<(), StartRefusal> {
        let executor = self.0.executor();
        // Later it has waited for the answer of a user, and is aborted once it has started.
        if executor.now() < attempt.nonce + GIVEN_UP {
            pieces.iter().for_each(|piece| self.0.starts(&piece.digest));
        }
        executor.sleep(executor.below(20)).await;
        let asks = self.0.0.asks_user.get();
        while self.0.0.asks_user.get() {
            executor.sleep(1_000).await;
        }
        if asks {
            self.0.may_waste(self.0.two_pieces(&attempt.model), "started after a page has given it up");
        }
        let refusal = self.0.0.start_refusal.get();
        if let Some(refusal) = refusal {
            self.0.may_waste(PAGE_ACTS, "a run for small pieces makes way for one for all");
            return Err(refusal);
        }
        let parts = pieces.iter().map(|piece| self.0.origin().parts_of(&piece.digest)).sum();
        if self.0.server().trouble() != Trouble::None {
            self.0.may_waste(self.0.two_pieces(&attempt.model), "started while there is trouble");
        }
        if !self.0.server().is_current(attempt) {
            self.0.may_waste(self.0.two_pieces(&attempt.model), "started for a revision that is replaced");
        }
        self.0.may_waste(parts, "parts of a page, for which Background Fetch has no use");
        let total = pieces.iter().map(|piece| piece.size).sum::<u64>();
        if self.0.room().is_some_and(|room| room < total) {
            return Err(StartRefusal::NoRoom);
        }
        if self.0.fetches().iter().any(|other| other.attempt == *attempt) {
            return Err(StartRefusal::Failed);
        }
        let records = pieces
            .iter()
            .map(|piece| Rc::new(FetchRecord { digest: piece.digest, answer: RefCell::new(None) }));
        let fetch = Rc::new(Fetch {
            attempt: attempt.clone(),
            records: records.collect(),
            received: Cell::new(0),
            ended: Cell::new(None),
            available: Cell::new(true),
            aborted: Cell::new(false),
            started: executor.now(),
            is_beside: Cell::new(false),
            paused: Cell::new(false),
            listeners: RefCell::default(),
        });
        self.0.0.fetches.borrow_mut().push(Rc::clone(&fetch));
        self.0.0.starts.set(self.0.0.starts.get() + 1);
        executor.spawn(BROWSER, run(self.0.clone(), fetch));
        Ok(())
    }
}

/// A background fetch as a page or worker has it.
pub struct SimRegistration {
    pub world: World,
    pub fetch: Rc<Fetch>,
}

/// Listens while it lives.
pub struct Listener(Rc<Fetch>, u64);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.listeners.borrow_mut().retain(|(number, _)| *number != self.1);
    }
}

impl Registration for SimRegistration {
    type Body = MemoryBody;
    type Record = SimRecord;
    type Listener = Listener;

    fn ending(&self) -> Option<Ending> {
        self.fetch.ended.get()
    }

    fn downloaded(&self) -> u64 {
        self.fetch.received.get()
    }

    async fn records(&self) -> Result<Vec<SimRecord>, FetchError> {
        let executor = self.world.executor();
        executor.sleep(executor.below(5)).await;
        if !self.fetch.available.get() {
            return Err(FetchError("the records are not available".to_owned()));
        }
        let record =
            |record: &Rc<FetchRecord>| SimRecord { world: self.world.clone(), record: Rc::clone(record) };
        Ok(self.fetch.records.iter().map(record).collect())
    }

    async fn abort(&self) -> Result<(), FetchError> {
        self.world.executor().sleep(self.world.executor().below(5)).await;
        if self.world.executor().now() < self.fetch.started + self.world.moment() {
            self.world
                .may_waste(self.world.two_pieces(&self.fetch.attempt.model), "aborted at its beginning");
        }
        self.fetch.cancel();
        Ok(())
    }

    fn on_progress(&self, report: impl Fn(u64) + 'static) -> Listener {
        let number = self.world.number();
        self.fetch.listeners.borrow_mut().push((number, Rc::new(report)));
        Listener(Rc::clone(&self.fetch), number)
    }
}

/// One of its requests.
pub struct SimRecord {
    world: World,
    record: Rc<FetchRecord>,
}

impl SimRecord {
    fn answer(&self) -> Option<Option<MemoryBody>> {
        let answer = self.record.answer.borrow();
        let answer = answer.as_ref()?;
        Some(answer.as_ref().map(|(status, bytes)| MemoryBody::of(*status, bytes.copied())))
    }
}

impl Record for SimRecord {
    type Body = MemoryBody;

    fn url(&self) -> String {
        format!("https://example.org{}", routes::piece(&self.record.digest))
    }

    async fn finished(&self) -> Option<MemoryBody> {
        self.answer().flatten()
    }

    async fn ready(&self) -> Option<MemoryBody> {
        loop {
            if let Some(answer) = self.answer() {
                return answer;
            }
            self.world.executor().sleep(200).await;
        }
    }
}
