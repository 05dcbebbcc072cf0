//! A simulated page, and the ports that pages and workers share.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;

use downloader::ports::{
    Broadcast, Device, Handover, HandoverError, Lifecycle, Memory, OpenError, Page, Ports, Quota, Runtime,
};
use piece_store::{
    Disk, MemoryBody, MemoryBytes, MemoryDocuments, MemoryFile, MemoryLocks, MemoryParts, MemoryPieces,
    MemoryStore, Parts as _, StoreError, StoreErrorKind,
};
use protocol::transfer::Part;
use protocol::{BroadcastMessage, Digest};

use super::executor::{ContextId, Executor};
use super::fetches::SimFetches;
use super::server::{SimHttp, Trouble};
use super::world::{Tab, World};

/// The ports of the simulator.
pub struct SimPorts;

impl Ports for SimPorts {
    type Bytes = MemoryBytes;
    type Body = MemoryBody;
    type File = MemoryFile;
    type Pieces = MemoryPieces;
    type Documents = MemoryDocuments;
    type Parts = MemoryParts;
    type Locks = MemoryLocks;
    type Fetches = SimFetches;
    type Http = SimHttp;
    type Quota = SimQuota;
    type Runtime = SimRuntime;
    type Broadcast = SimBroadcast;
    type Handover = SimHandover;
}

/// What one page or worker has.
pub fn device(world: &World, context: ContextId, tab: Option<u32>) -> Device<SimPorts> {
    let disk = Rc::new(SimDisk { world: world.clone(), context });
    Device {
        store: MemoryStore::of(world.origin(), world.locks(), disk),
        locks: world.locks(),
        background: world.has_background().then(|| SimFetches(world.clone())),
        http: SimHttp { world: world.clone(), context },
        quota: SimQuota(world.clone()),
        runtime: SimRuntime { executor: world.executor().clone(), context, world: world.clone() },
        broadcast: SimBroadcast { world: world.clone(), from: tab },
        handover: SimHandover { world: world.clone() },
    }
}

#[derive(Clone)]
pub struct SimRuntime {
    executor: Executor,
    context: ContextId,
    world: World,
}

impl Runtime for SimRuntime {
    fn now(&self) -> u64 {
        self.executor.now()
    }

    async fn sleep(&self, time: u64) {
        self.executor.sleep(time).await;
    }

    fn random(&self) -> u32 {
        self.executor.below(1 << 32) as u32
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.executor.spawn(self.context, task);
    }

    fn log(&self, what: &str, error: &dyn fmt::Display) {
        self.world.log(|| format!("{:?}: {what}: {error}", self.context));
    }
}

/// How long caches that do not answer are given: so many looks, so far apart. Once given up, only one.
const LOOKS: u32 = 6;
const LOOK_EVERY: u64 = 10_000;

/// What is between a page or worker and its store: time, and what fails.
#[derive(Clone)]
struct SimDisk {
    world: World,
    context: ContextId,
}

impl SimDisk {
    /// Caches that do not answer: as `piece-store` has it for browsers.
    async fn silence(&self) -> Result<(), StoreError> {
        for look in 1..=LOOKS {
            if !self.world.is_silent(self.context) {
                break;
            }
            self.world.executor().sleep(LOOK_EVERY).await;
            if look == LOOKS || self.is_unresponsive() {
                self.world.0.unresponsive.borrow_mut().insert(self.context);
                let message = "the caches do not answer".to_owned();
                return Err(StoreError { kind: StoreErrorKind::Other, message });
            }
        }
        self.world.0.unresponsive.borrow_mut().remove(&self.context);
        Ok(())
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimDisk")
    }
}

impl Disk for SimDisk {
    fn operation(&self, writes: Option<u64>) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + '_>> {
        Box::pin(async move {
            let (executor, inner) = (self.world.executor(), &self.world.0);
            if executor.one_in(2) {
                executor.sleep(executor.below(inner.disk_delay.get())).await;
            }
            self.silence().await?;
            if inner.storage_fails.get() {
                let message = "UnknownError: the disk".to_owned();
                return Err(StoreError { kind: StoreErrorKind::Other, message });
            }
            match (writes, self.world.room()) {
                (Some(bytes), Some(room)) if bytes > room => {
                    let message = "QuotaExceededError: full".to_owned();
                    Err(StoreError { kind: StoreErrorKind::NoRoom, message })
                }
                _ => Ok(()),
            }
        })
    }

    fn knows(&self, digest: &Digest, is_kept: bool) {
        self.world.waste().knows(self.context, digest, is_kept, self.world.executor().now());
    }

    fn is_unresponsive(&self) -> bool {
        self.world.0.unresponsive.borrow().contains(&self.context)
    }
}

#[derive(Clone)]
pub struct SimQuota(World);

impl Quota for SimQuota {
    async fn left(&self) -> Option<u64> {
        // Chromium says more than there is.
        self.0.0.says_room.get().then(|| self.0.room()).flatten()
    }

    async fn is_persistent(&self) -> Option<bool> {
        None
    }

    async fn ask_to_persist(&self) {}
}

#[derive(Clone)]
pub struct SimBroadcast {
    world: World,
    from: Option<u32>,
}

impl Broadcast for SimBroadcast {
    async fn send(&self, message: &BroadcastMessage) {
        self.world.broadcast(self.from, message);
    }
}

#[derive(Clone)]
pub struct SimHandover {
    world: World,
}

impl Handover for SimHandover {
    type Bytes = MemoryBytes;

    fn hand_over(&self, part: &Part, piece: &MemoryBytes) -> Result<(), HandoverError> {
        let world = self.world.clone();
        let (part, piece) = (part.clone(), piece.copied());
        let parts = device(&world, world.worker(), None).store.parts().clone().of_worker();
        world.0.handed_over.set(world.0.handed_over.get() + 1);
        world.executor().clone().spawn(world.worker(), async move {
            let _ = parts.put(&part, &piece).await;
            world.0.handed_over.set(world.0.handed_over.get() - 1);
        });
        Ok(())
    }

    async fn settled(&self) {
        for _ in 0..30 {
            if self.world.0.handed_over.get() == 0 {
                return;
            }
            self.world.executor().sleep(100).await;
        }
    }
}

/// The page in a tab.
#[derive(Clone)]
pub struct SimPage {
    pub world: World,
    pub tab: Rc<Tab>,
    pub context: ContextId,
    runtime: SimRuntime,
}

impl SimPage {
    pub fn new(world: &World, tab: &Rc<Tab>, context: ContextId) -> Self {
        let runtime = SimRuntime { executor: world.executor().clone(), context, world: world.clone() };
        Self { world: world.clone(), tab: Rc::clone(tab), context, runtime }
    }
}

/// Listens while it lives.
pub struct LifecycleListener(Rc<Tab>, u64);

impl Drop for LifecycleListener {
    fn drop(&mut self) {
        self.0.lifecycle.borrow_mut().retain(|(number, _)| *number != self.1);
    }
}

impl Page for SimPage {
    type Ports = SimPorts;
    type Listener = LifecycleListener;

    fn runtime(&self) -> &SimRuntime {
        &self.runtime
    }

    async fn open(&self) -> Result<Device<SimPorts>, OpenError> {
        let executor = self.world.executor();
        executor.sleep(executor.below(50)).await;
        let error = self.world.0.open_error.get();
        if error.is_none() {
            self.world.0.opened.borrow_mut().insert(self.context);
        }
        match error {
            Some(error) => Err(error),
            None => Ok(device(&self.world, self.context, Some(self.tab.number))),
        }
    }

    fn is_online(&self) -> bool {
        self.world.server().trouble() != Trouble::Offline
    }

    fn listen(&self, heard: impl Fn(Option<BroadcastMessage>) + 'static) {
        self.tab.listeners.borrow_mut().push(Rc::new(heard));
    }

    fn on_lifecycle(&self, told: impl Fn(Lifecycle) + 'static) -> LifecycleListener {
        let number = self.world.number();
        self.tab.lifecycle.borrow_mut().push((number, Rc::new(told)));
        LifecycleListener(Rc::clone(&self.tab), number)
    }

    fn reload(&self) -> bool {
        self.world.reload(&self.tab);
        true
    }

    fn remembered(&self, key: Memory) -> Option<String> {
        match key {
            Memory::Engine => self.world.0.local.borrow().clone(),
            Memory::Reload => self.tab.session.borrow().clone(),
        }
    }

    fn remember(&self, key: Memory, text: Option<&str>) {
        let place: &RefCell<Option<String>> = match key {
            Memory::Engine => &self.world.0.local,
            Memory::Reload => &self.tab.session,
        };
        place.replace(text.map(str::to_owned));
    }
}
