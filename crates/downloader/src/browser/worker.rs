//! The ports of the service worker.

use js_sys::Uint8Array;
use piece_store::{CacheDocuments, CachePieces, StoreError, WebLocks, WholeFile, WorkerParts, WorkerStore};
use protocol::transfer::Part;
use web_sys::Response;

use super::{BrowserFetches, BrowserHttp, BrowserQuota, BrowserRuntime, WorkerBroadcast};
use crate::ports::{Device, Handover, HandoverError, Ports};

/// The ports of the service worker.
#[derive(Clone, Copy, Debug)]
pub struct WorkerPorts;

impl Ports for WorkerPorts {
    type Bytes = Uint8Array;
    type Body = Response;
    type File = WholeFile;
    type Pieces = CachePieces;
    type Documents = CacheDocuments;
    type Parts = WorkerParts;
    type Locks = WebLocks;
    type Fetches = BrowserFetches;
    type Http = BrowserHttp;
    type Quota = BrowserQuota;
    type Runtime = BrowserRuntime;
    type Broadcast = WorkerBroadcast;
    type Handover = NoHandover;
}

/// A worker hands nothing over: it stays.
#[derive(Clone, Copy, Debug)]
pub struct NoHandover;

impl Handover for NoHandover {
    type Bytes = Uint8Array;

    fn hand_over(&self, _part: &Part, _piece: &Uint8Array) -> Result<(), HandoverError> {
        Err(HandoverError("this is the worker".to_owned()))
    }

    async fn settled(&self) {}
}

/// What the service worker has. It starts no background fetches.
///
/// # Errors
/// Where the browser keeps nothing for it.
pub async fn worker_device() -> Result<Device<WorkerPorts>, StoreError> {
    Ok(Device {
        store: WorkerStore::open().await?,
        locks: WebLocks,
        background: None,
        http: BrowserHttp::default(),
        quota: BrowserQuota,
        runtime: BrowserRuntime,
        broadcast: WorkerBroadcast,
        handover: NoHandover,
    })
}
