//! The traits through which the downloader uses the browser. [`crate::browser`] implements them for
//! browsers, without decisions. `tests/simulator` implements them natively.

use std::fmt;

use piece_store::{Bytes, Documents, Locks, ModelStore, Parts, Pieces};
use protocol::download::{Cause, Engine, Millis, MissingCapability, StartRefusal};
use protocol::transfer::{Answer, Part};
use protocol::{AttemptId, BroadcastMessage, Digest, Ending, Piece};

/// The ports of one page or worker, as types.
pub trait Ports: Sized + 'static {
    /// Bytes of pieces.
    type Bytes: Bytes;
    /// An answer to a request for a piece.
    type Body: 'static;
    /// A complete piece in the file of its parts.
    type File;
    /// The store of pieces.
    type Pieces: Pieces<Bytes = Self::Bytes, Body = Self::Body, File = Self::File>;
    /// The store of manifests and intents.
    type Documents: Documents;
    /// The store of parts.
    type Parts: Parts<Bytes = Self::Bytes, File = Self::File>;
    /// Locks of the origin.
    type Locks: Locks;
    /// Background Fetch.
    type Fetches: BackgroundFetches<Body = Self::Body>;
    /// Requests to the server.
    type Http: Http<Bytes = Self::Bytes, Body = Self::Body>;
    /// Storage quota and usage.
    type Quota: Quota;
    /// Time, chance and tasks.
    type Runtime: Runtime;
    /// Messages to pages.
    type Broadcast: Broadcast;
    /// Parts that outlive the page.
    type Handover: Handover<Bytes = Self::Bytes>;
}

/// What one page or worker has, once everything is open.
pub struct Device<P: Ports> {
    /// What is stored.
    pub store: ModelStore<P::Pieces, P::Documents, P::Parts>,
    /// Locks of the origin.
    pub locks: P::Locks,
    /// `None` where the browser has no Background Fetch.
    pub background: Option<P::Fetches>,
    /// Requests to the server.
    pub http: P::Http,
    /// Storage quota and usage.
    pub quota: P::Quota,
    /// Time, chance and tasks.
    pub runtime: P::Runtime,
    /// Messages to pages.
    pub broadcast: P::Broadcast,
    /// Parts that outlive the page.
    pub handover: P::Handover,
}

impl<P: Ports> Device<P> {
    /// The engine that the browser offers.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.background {
            Some(_) => Engine::Background,
            None => Engine::Page,
        }
    }
}

impl<P: Ports> Clone for Device<P> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            locks: self.locks.clone(),
            background: self.background.clone(),
            http: self.http.clone(),
            quota: self.quota.clone(),
            runtime: self.runtime.clone(),
            broadcast: self.broadcast.clone(),
            handover: self.handover.clone(),
        }
    }
}

impl<P: Ports> fmt::Debug for Device<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").finish_non_exhaustive()
    }
}

/// Why a page has no [`Device`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// This window cannot keep models, ever.
    #[error("this window cannot keep models")]
    Unsupported(MissingCapability),
    /// This window cannot open its store now. A retry may succeed.
    #[error("this window's store could not be opened")]
    Failed(Cause),
}

/// Time, chance and tasks.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Runtime: Clone + 'static {
    /// Milliseconds since 1970.
    fn now(&self) -> Millis;

    /// Waits so many milliseconds.
    async fn sleep(&self, time: Millis);

    /// A random number.
    fn random(&self) -> u32;

    /// Runs a task beside the others until it is done, or the page or worker ends.
    fn spawn(&self, task: impl Future<Output = ()> + 'static);

    /// Logs an error that needs no action of the user.
    fn log(&self, what: &str, error: &dyn fmt::Display);
}

/// Messages to pages.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Broadcast: Clone + 'static {
    /// Sends a message to all pages, from a page to all but itself.
    async fn send(&self, message: &BroadcastMessage);
}

/// Background Fetch (<https://wicg.github.io/background-fetch/>).
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait BackgroundFetches: Clone + 'static {
    /// The answer to one of its requests.
    type Body;
    /// One background fetch.
    type Registration: Registration<Body = Self::Body>;

    /// The ids of all that the browser is working on.
    ///
    /// # Errors
    /// When the browser does not say.
    async fn ids(&self) -> Result<Vec<String>, FetchError>;

    /// One of them, with the browser's present numbers.
    ///
    /// # Errors
    /// When the browser does not say.
    async fn get(&self, attempt: &AttemptId) -> Result<Option<Self::Registration>, FetchError>;

    /// Asks for these pieces. The browser may ask the user, who may never answer.
    ///
    /// # Errors
    /// Why the browser does not fetch them.
    async fn start(&self, attempt: &AttemptId, pieces: &[Piece]) -> Result<(), StartRefusal>;
}

/// One background fetch.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Registration: 'static {
    /// The answer to one of its requests.
    type Body;
    /// One of its requests.
    type Record: Record<Body = Self::Body>;
    /// Listens while it lives.
    type Listener;

    /// How it ended; `None` while it runs.
    fn ending(&self) -> Option<Ending>;

    /// Bytes received. A hint: wrong after the browser was restarted.
    fn downloaded(&self) -> u64;

    /// Its requests, also while it runs.
    ///
    /// # Errors
    /// When they are not available any more.
    async fn records(&self) -> Result<Vec<Self::Record>, FetchError>;

    /// Ends it; the worker then gets what has arrived.
    ///
    /// # Errors
    /// When the browser refuses.
    async fn abort(&self) -> Result<(), FetchError>;

    /// Calls `report` with the number of received bytes from time to time.
    fn on_progress(&self, report: impl Fn(u64) + 'static) -> Self::Listener;
}

/// One request of a background fetch.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Record {
    /// Its answer.
    type Body;

    /// What was asked for.
    fn url(&self) -> String;

    /// The answer if it is complete now.
    async fn finished(&self) -> Option<Self::Body>;

    /// The answer once it is complete; `None` if it will not be.
    async fn ready(&self) -> Option<Self::Body>;
}

/// Why the browser does not answer a question about background fetches.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);

/// Requests to the server. Nothing is taken from the HTTP cache or put into it.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Http: Clone + 'static {
    /// Some bytes of a body.
    type Bytes;
    /// The answer, for the store.
    type Body;
    /// The answer, to be read.
    type Response: Response<Bytes = Self::Bytes, Body = Self::Body>;

    /// The status of a URL, and the text there if that is 200, within so many milliseconds.
    ///
    /// # Errors
    /// When there is no answer in time.
    async fn text(&self, url: &str, timeout: Millis) -> Result<(u16, String), HttpError>;

    /// Asks for a piece; comes back when the answer begins. Dropping the future, or the answer, ends the request.
    ///
    /// # Errors
    /// When there is no answer.
    async fn piece(&self, request: &PieceRequest) -> Result<Self::Response, HttpError>;
}

/// A request for a piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PieceRequest {
    /// The piece.
    pub digest: Digest,
    /// First and last byte; all if `None`.
    pub range: Option<(u32, u32)>,
    /// How long answer and body together may take, in milliseconds.
    pub timeout: Option<Millis>,
}

/// An answer to a [`PieceRequest`].
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Response: 'static {
    /// Some bytes of its body.
    type Bytes;
    /// The answer, for the store.
    type Body;

    /// Its status and headers.
    fn answer(&self) -> Answer;

    /// The whole of it, for the store.
    fn body(&self) -> &Self::Body;

    /// The next bytes, good until the next call; `None` at the end.
    ///
    /// # Errors
    /// When the connection fails.
    async fn read(&mut self) -> Result<Option<Self::Bytes>, HttpError>;
}

/// Why a request failed, in the browser's words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct HttpError(pub String);

/// Storage quota and usage.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Quota: Clone + 'static {
    /// How many bytes this origin may still store; `None` if the browser does not say.
    async fn left(&self) -> Option<u64>;

    /// Whether the browser promises not to evict what is stored; `None` if it does not say.
    async fn is_persistent(&self) -> Option<bool>;

    /// Asks for that promise. Some browsers ask the user.
    async fn ask_to_persist(&self);
}

/// The hand-over of parts by a closing page. Its own calls to a store rarely complete.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Handover: Clone + 'static {
    /// Bytes of pieces.
    type Bytes;

    /// Hands a part of this piece over to the worker, which stores it.
    ///
    /// # Errors
    /// When there is no worker.
    fn hand_over(&self, part: &Part, piece: &Self::Bytes) -> Result<(), HandoverError>;

    /// Waits until what was handed over before is stored, or for a moment.
    async fn settled(&self);
}

/// Why a part could not be handed over.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct HandoverError(pub String);

/// The page itself.
#[expect(async_fn_in_trait, reason = "a browser's contexts are single-threaded: no future needs Send")]
pub trait Page: Clone + 'static {
    /// Its ports.
    type Ports: Ports;
    /// Listens while it lives.
    type Listener;

    /// Time, chance and tasks.
    fn runtime(&self) -> &<Self::Ports as Ports>::Runtime;

    /// Registers the worker and opens the store.
    ///
    /// # Errors
    /// Why there is none.
    async fn open(&self) -> Result<Device<Self::Ports>, OpenError>;

    /// Whether the browser believes that there is a network.
    fn is_online(&self) -> bool;

    /// Calls `heard` for each message of the worker and of other pages; `None` for one of another version.
    fn listen(&self, heard: impl Fn(Option<BroadcastMessage>) + 'static);

    /// Calls `told` for each lifecycle event while the listener lives.
    fn on_lifecycle(&self, told: impl Fn(Lifecycle) + 'static) -> Self::Listener;

    /// Loads the page again; says whether it does.
    fn reload(&self) -> bool;

    /// Reads what this page, or an earlier one, has remembered.
    fn remembered(&self, key: Memory) -> Option<String>;

    /// Remembers a text, or forgets it. The browser may forbid it: it is a convenience.
    fn remember(&self, key: Memory, text: Option<&str>);
}

/// What a page remembers beside the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Memory {
    /// The engine that the user wants, for the site.
    Engine,
    /// The model that the next page in this tab is to download.
    Reload,
}

/// What happens to a page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lifecycle {
    /// The network is back, as the browser believes.
    Online,
    /// The page is hidden. On phones it may end without another event.
    Hidden,
    /// The page is visible again.
    Visible,
    /// The page is closing. It may be shown again, from the browser's back/forward cache.
    Leave,
    /// It is shown again.
    Return,
}
