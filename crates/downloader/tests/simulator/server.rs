//! The simulated server, and the network between it and the browser.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;

use downloader::ports::{Http, HttpError, PieceRequest, Response};
use piece_store::{BodySource, MemoryBody, MemoryBytes};
use protocol::transfer::Answer;
use protocol::{AttemptId, Digest, File, Manifest, ModelId, Refusal, Revision, TextForm as _, routes};
use sha2::{Digest as _, Sha256};

use super::executor::{ContextId, Executor};
use super::world::World;

/// What is wrong with the server or the network now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Trouble {
    #[default]
    None,
    /// No connection can be made.
    Away,
    /// The device has no network, and the browser knows it.
    Offline,
    /// This status for every piece, and for how long to wait.
    Status(u16, u64),
    /// This status for everything.
    StatusOfAll(u16),
    /// Connections stay open, and no byte comes.
    Stalled,
    /// A byte of every piece is wrong.
    WrongByte,
    /// Pieces end early, without an error.
    Truncated,
    /// An HTML page for every piece.
    Page,
    /// The whole piece whatever range is asked for.
    NoRanges,
}

/// The server. A clone is the same.
#[derive(Clone)]
pub struct Server(Rc<Inner>);

struct Inner {
    executor: Executor,
    trouble: Cell<Trouble>,
    /// Rises with every cut: connections of before fail.
    cuts: Cell<u64>,
    /// Bytes a millisecond.
    speed: Cell<u64>,
    /// How many bytes come at once.
    chunk: Cell<u32>,
    contents: RefCell<BTreeMap<Digest, (u64, u32)>>,
    manifests: RefCell<BTreeMap<(ModelId, Revision), String>>,
    current: RefCell<BTreeMap<ModelId, Revision>>,
    /// All that were ever published.
    history: RefCell<BTreeMap<Revision, Manifest>>,
    /// Bytes of pieces that were sent.
    sent: Cell<u64>,
    /// The same for each piece.
    sent_of: RefCell<BTreeMap<Digest, u64>>,
    /// What spoiled bytes cost: themselves, and what had come of their pieces before.
    spoiled: Cell<u64>,
    /// Pieces that were spoiled since the trouble began.
    spoiled_pieces: RefCell<BTreeSet<Digest>>,
    /// The size of each piece, also of those that are forgotten, and the models that have it.
    sizes: RefCell<BTreeMap<Digest, u32>>,
    shared: RefCell<BTreeMap<Digest, BTreeSet<ModelId>>>,
}

/// How long an answer takes to begin.
const LATENCY: u64 = 30;

impl Server {
    pub fn new(executor: &Executor) -> Self {
        Self(Rc::new(Inner {
            executor: executor.clone(),
            trouble: Cell::default(),
            cuts: Cell::default(),
            speed: Cell::new(12_500),
            chunk: Cell::new(4 << 20),
            contents: RefCell::default(),
            manifests: RefCell::default(),
            current: RefCell::default(),
            history: RefCell::default(),
            sent: Cell::default(),
            sent_of: RefCell::default(),
            spoiled: Cell::default(),
            spoiled_pieces: RefCell::default(),
            sizes: RefCell::default(),
            shared: RefCell::default(),
        }))
    }

    pub fn set(&self, trouble: Trouble) {
        self.0.trouble.set(trouble);
        self.0.spoiled_pieces.take();
        if matches!(trouble, Trouble::Away) {
            self.cut();
        }
    }

    pub fn trouble(&self) -> Trouble {
        self.0.trouble.get()
    }

    pub fn set_speed(&self, bytes_per_millisecond: u64) {
        self.0.speed.set(bytes_per_millisecond);
    }

    pub fn speed(&self) -> u64 {
        self.0.speed.get()
    }

    pub fn chunk(&self) -> u64 {
        u64::from(self.0.chunk.get())
    }

    pub fn set_chunk(&self, bytes: u32) {
        self.0.chunk.set(bytes);
    }

    /// Closes all connections.
    pub fn cut(&self) {
        self.0.cuts.set(self.0.cuts.get() + 1);
    }

    /// Bytes of pieces that were sent.
    pub fn sent(&self) -> u64 {
        self.0.sent.get()
    }

    /// Bytes of pieces that were sent beyond their sizes, spoiled ones apart. A piece that several models have may be sent once for
    /// each: they do not wait for each other.
    pub fn sent_twice(&self) -> u64 {
        let (contents, shared) = (self.0.sizes.borrow(), self.0.shared.borrow());
        let beyond = |(digest, sent): (&Digest, &u64)| {
            let (size, models) =
                (contents.get(digest).copied().unwrap_or(0), shared.get(digest).map_or(1, BTreeSet::len));
            sent.saturating_sub(u64::from(size) * models as u64)
        };
        self.0.sent_of.borrow().iter().map(beyond).sum()
    }

    /// Bytes of the pieces that several models have.
    pub fn shared(&self) -> u64 {
        let shared = self.0.shared.borrow();
        shared.iter().filter(|(_, models)| models.len() > 1).map(|(digest, _)| self.size_of(digest)).sum()
    }

    /// Bytes of a piece, once for each model that has it.
    pub fn size_for_all(&self, digest: &Digest) -> u64 {
        self.size_of(digest) * self.0.shared.borrow().get(digest).map_or(1, BTreeSet::len) as u64
    }

    pub fn size_of(&self, digest: &Digest) -> u64 {
        self.0.sizes.borrow().get(digest).copied().unwrap_or(0).into()
    }

    /// What spoiled bytes have cost.
    pub fn spoiled(&self) -> u64 {
        self.0.spoiled.get()
    }

    /// Publishes a revision of a model whose files are these contents of these sizes, each in one piece.
    pub fn publish(&self, model: &ModelId, files: &[(u64, u32)]) -> Manifest {
        let piece_size = files.iter().map(|(_, size)| u64::from(*size)).max().unwrap_or(1);
        let mut listed = Vec::new();
        for (at, (content, size)) in files.iter().enumerate() {
            let digest = MemoryBytes::described(*content, *size).digest();
            self.0.contents.borrow_mut().insert(digest, (*content, *size));
            self.0.sizes.borrow_mut().insert(digest, *size);
            self.0.shared.borrow_mut().entry(digest).or_default().insert(model.clone());
            let path = format!("file {at:03}").parse().unwrap();
            listed.push(File { path, size: u64::from(*size), sha256: digest, pieces: vec![digest] });
        }
        let lines = Digest::from_bytes(Sha256::digest(Manifest::revision_lines(&listed)).into());
        let revision = Revision::from_lines_digest(&lines);
        let manifest = Manifest::new(model.clone(), revision, piece_size, listed).unwrap();
        // The server forgets the revision before.
        self.0.manifests.borrow_mut().retain(|(of, _), _| of != model);
        self.0.manifests.borrow_mut().insert((model.clone(), revision), manifest.to_text());
        self.0.current.borrow_mut().insert(model.clone(), revision);
        self.0.history.borrow_mut().insert(revision, manifest.clone());
        manifest
    }

    /// The revision of a model that the server has now.
    pub fn current(&self, model: &ModelId) -> Option<Manifest> {
        let revision = *self.0.current.borrow().get(model)?;
        Manifest::from_text(self.0.manifests.borrow().get(&(model.clone(), revision))?)
    }

    /// Whether an attempt is for what the server has now.
    pub fn is_current(&self, attempt: &AttemptId) -> bool {
        self.0.current.borrow().get(&attempt.model) == Some(&attempt.revision)
    }

    /// The manifest of a revision, whether or not the server still has it.
    pub fn manifest(&self, model: &ModelId, revision: Revision) -> Option<Manifest> {
        let manifest = self.0.history.borrow().get(&revision).cloned();
        manifest.filter(|manifest| manifest.model() == model)
    }

    /// Forgets the pieces that no published model has.
    pub fn forget_old_pieces(&self) {
        let manifests = self.0.manifests.borrow();
        let pieces: Vec<_> = manifests
            .values()
            .filter_map(|text| Manifest::from_text(text))
            .flat_map(|m| m.pieces())
            .collect();
        self.0.contents.borrow_mut().retain(|digest, _| pieces.iter().any(|piece| piece.digest == *digest));
    }

    async fn connect(&self) -> Result<u64, HttpError> {
        let executor = &self.0.executor;
        executor.sleep(1 + executor.below(LATENCY)).await;
        match self.trouble() {
            Trouble::Away | Trouble::Offline => Err(HttpError("no connection".to_owned())),
            Trouble::Stalled => {
                let before = self.0.cuts.get();
                while self.trouble() == Trouble::Stalled {
                    executor.sleep(500).await;
                    if self.0.cuts.get() != before {
                        return Err(HttpError("cut".to_owned()));
                    }
                }
                Ok(self.0.cuts.get())
            }
            _ => Ok(self.0.cuts.get()),
        }
    }

    /// Asks for a piece; gives status, where the body begins, how long it says it is, how long to wait, and the body.
    pub async fn get(&self, digest: &Digest, range: Option<(u32, u32)>) -> Result<Sent, HttpError> {
        let cuts = self.connect().await?;
        let found = self.0.contents.borrow().get(digest).copied();
        let error =
            |status, wait| Sent::new(self, cuts, status, None, wait, MemoryBytes::from(&b"an error"[..]));
        let is_spoiled = matches!(self.trouble(), Trouble::WrongByte | Trouble::Truncated | Trouble::Page);
        if let Some((_, size)) = found
            && is_spoiled
            && self.0.spoiled_pieces.borrow_mut().insert(*digest)
        {
            self.0.spoiled.set(self.0.spoiled.get() + u64::from(size));
        }
        Ok(match self.trouble() {
            Trouble::Status(status, wait) => error(status, wait),
            Trouble::StatusOfAll(status) => error(status, 0),
            Trouble::Page => Sent::new(self, cuts, 200, None, 0, MemoryBytes::from(&b"<!doctype html>"[..])),
            trouble => {
                let Some((content, size)) = found else { return Ok(error(404, 0)) };
                let whole = match trouble {
                    Trouble::WrongByte => MemoryBytes::described(content ^ (1 << 63), size),
                    _ => MemoryBytes::described(content, size),
                };
                let ranged = range.filter(|_| trouble != Trouble::NoRanges);
                let (first, end) = ranged.map_or((0, size), |(first, last)| (first, (last + 1).min(size)));
                let mut bytes = whole.slice(first, end);
                let length = bytes.len();
                if trouble == Trouble::Truncated {
                    bytes = bytes.slice(0, length / 2);
                }
                let status = if ranged.is_some() { 206 } else { 200 };
                Sent {
                    first: ranged.map(|_| first),
                    piece: Some((*digest, is_spoiled)),
                    ..Sent::new(self, cuts, status, Some(length), 0, bytes)
                }
            }
        })
    }
}

/// An answer on its way.
pub struct Sent {
    server: Server,
    cuts: u64,
    pub status: u16,
    /// Its piece, and whether its bytes are not that piece's.
    piece: Option<(Digest, bool)>,
    first: Option<u32>,
    length: Option<u32>,
    wait: u64,
    bytes: MemoryBytes,
    at: u32,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {} of {:?}", self.status, self.at, self.bytes)
    }
}

impl Sent {
    fn new(
        server: &Server,
        cuts: u64,
        status: u16,
        length: Option<u32>,
        wait: u64,
        bytes: MemoryBytes,
    ) -> Self {
        Self { server: server.clone(), cuts, status, piece: None, first: None, length, wait, bytes, at: 0 }
    }

    /// The next bytes as they come.
    pub async fn next(&mut self) -> Result<Option<MemoryBytes>, Refusal> {
        let length = self.bytes.len();
        if self.at == length {
            return Ok(None);
        }
        let server = &self.server.0;
        let end = (self.at + server.chunk.get()).min(length);
        server.executor.sleep(1 + u64::from(end - self.at) / server.speed.get()).await;
        while matches!(server.trouble.get(), Trouble::Stalled | Trouble::Offline)
            && server.cuts.get() == self.cuts
        {
            server.executor.sleep(500).await;
        }
        if server.cuts.get() != self.cuts {
            return Err(Refusal::Unavailable);
        }
        let bytes = self.bytes.slice(self.at, end);
        let came = u64::from(end - self.at);
        if self.status < 300 {
            server.sent.set(server.sent.get() + came);
        }
        if let Some((digest, is_spoiled)) = self.piece {
            *server.sent_of.borrow_mut().entry(digest).or_default() += came;
            if is_spoiled {
                server.spoiled.set(server.spoiled.get() + came);
            }
        }
        self.at = end;
        Ok(Some(bytes))
    }
}

/// A [`Sent`] that the store and a reader share.
#[derive(Clone, Debug)]
struct Shared(Rc<RefCell<Option<Sent>>>);

impl BodySource for Shared {
    fn read(&mut self) -> Pin<Box<dyn Future<Output = Result<Option<MemoryBytes>, Refusal>> + '_>> {
        Box::pin(async {
            let taken = self.0.take();
            let Some(mut sent) = taken else { return Ok(None) };
            let bytes = sent.next().await;
            self.0.replace(Some(sent));
            bytes
        })
    }
}

/// An answer as a page or worker has it.
pub struct SimResponse {
    answer: Answer,
    body: MemoryBody,
    source: Shared,
}

impl Response for SimResponse {
    type Bytes = MemoryBytes;
    type Body = MemoryBody;

    fn answer(&self) -> Answer {
        self.answer
    }

    fn body(&self) -> &MemoryBody {
        &self.body
    }

    async fn read(&mut self) -> Result<Option<MemoryBytes>, HttpError> {
        self.source.read().await.map_err(|refusal| HttpError(refusal.to_string()))
    }
}

/// Requests of a page or worker.
#[derive(Clone)]
pub struct SimHttp {
    pub world: World,
    pub context: ContextId,
}

impl Http for SimHttp {
    type Bytes = MemoryBytes;
    type Body = MemoryBody;
    type Response = SimResponse;

    async fn text(&self, url: &str, timeout: u64) -> Result<(u16, String), HttpError> {
        let server = self.world.server();
        let inner = &server.0;
        let asked = Box::pin(async {
            server.connect().await?;
            if let Trouble::StatusOfAll(status) = server.trouble() {
                return Ok((status, String::new()));
            }
            let current = inner.current.borrow();
            for ((model, revision), text) in &*inner.manifests.borrow() {
                let of_revision = routes::manifest(model, *revision);
                let of_current = routes::manifest(model, routes::MAIN);
                let path = url.split('?').next().unwrap_or_default();
                if path == of_revision || path == of_current && current[model] == *revision {
                    return Ok((200, text.clone()));
                }
            }
            Ok((404, String::new()))
        });
        match futures_util::future::select(asked, Box::pin(inner.executor.sleep(timeout))).await {
            futures_util::future::Either::Left((answer, _)) => answer,
            futures_util::future::Either::Right(_) => Err(HttpError("timed out".to_owned())),
        }
    }

    async fn piece(&self, request: &PieceRequest) -> Result<SimResponse, HttpError> {
        self.world.asks(self.context, &request.digest);
        self.world.log(|| {
            let digest = request.digest.to_string();
            format!("{:?} asks for {} {:?}", self.context, &digest[..6], request.range)
        });
        let asked = Box::pin(self.world.server().get(&request.digest, request.range));
        let timeout = request.timeout.unwrap_or(1 << 40);
        let timer = Box::pin(self.world.executor().sleep(timeout));
        let sent = match futures_util::future::select(asked, timer).await {
            futures_util::future::Either::Left((answer, _)) => answer?,
            futures_util::future::Either::Right(_) => return Err(HttpError("timed out".to_owned())),
        };
        let answer = Answer {
            status: sent.status,
            first: sent.first,
            length: sent.length.map(u64::from),
            retry_after: sent.wait,
        };
        let source = Shared(Rc::new(RefCell::new(Some(sent))));
        let body = MemoryBody { status: answer.status, source: RefCell::new(Box::new(source.clone())) };
        Ok(SimResponse { answer, body, source })
    }
}
