//! The listener that clients come to, and their connections: can be closed and opened again on the same port.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::answer::answer;
use crate::connection::{Connection, Socket};
use crate::log::Log;
use crate::rule::CutKind;
use crate::rules::Rules;
use crate::upstream::Upstream;

/// Asked of the kernel, which takes twice as much: what it holds counts as sent before the client has it.
const SEND_BUFFER: u32 = 64 << 10;
/// hyper's own buffer, in bytes; also the longest head of a request.
const HTTP_BUFFER: usize = 32 << 10;

/// How long to wait after a connection could not be accepted.
pub(crate) const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) rules: Rules,
    pub(crate) log: Log,
    upstream: Mutex<Upstream>,
    running: Mutex<HashMap<u64, Running>>,
    connections: AtomicU64,
}

#[derive(Debug)]
struct Running {
    cut: oneshot::Sender<CutKind>,
    task: JoinHandle<()>,
}

/// The door, open or closed.
#[derive(Debug)]
pub(crate) struct Front {
    address: SocketAddr,
    shared: Arc<Shared>,
    door: tokio::sync::Mutex<Door>,
}

#[derive(Debug)]
enum Door {
    Open(JoinHandle<()>),
    /// The socket keeps the port; since it does not listen, connections are refused.
    Closed(TcpSocket),
    /// It could not be opened or closed.
    Lost,
}

impl Shared {
    pub(crate) fn new(rules: Rules, upstream: Upstream) -> Arc<Self> {
        Arc::new(Self {
            rules,
            log: Log::default(),
            upstream: Mutex::new(upstream),
            running: Mutex::default(),
            connections: AtomicU64::new(0),
        })
    }

    pub(crate) fn upstream(&self) -> Upstream {
        self.upstream.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_upstream(&self, upstream: Upstream) {
        *self.upstream.lock().unwrap_or_else(PoisonError::into_inner) = upstream;
    }

    /// Cuts all open connections; returns their number when they are closed.
    pub(crate) async fn cut(&self, kind: CutKind) -> usize {
        let running: Vec<Running> = self.running().drain().map(|(_, running)| running).collect();
        let mut tasks = Vec::new();
        for Running { cut, task } in running {
            // One that has just ended by itself does not listen any more.
            cut.send(kind).ok();
            tasks.push(task);
        }
        let number = tasks.len();
        for task in tasks {
            task.await.ok();
        }
        number
    }

    fn running(&self) -> MutexGuard<'_, HashMap<u64, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(self: &Arc<Self>, stream: TcpStream) {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let (cut, wait_for_cut) = oneshot::channel();
        let shared = Arc::clone(self);
        // Held until the connection is in the list, so that it cannot leave before it has come.
        let mut running = self.running();
        let task = tokio::spawn(async move {
            Arc::clone(&shared).talk(stream, wait_for_cut).await;
            shared.running().remove(&number);
        });
        running.insert(number, Running { cut, task });
    }

    async fn talk(self: Arc<Self>, stream: TcpStream, cut: oneshot::Receiver<CutKind>) {
        let connection = Arc::new(Connection::default());
        // Without it, answers are late, but right.
        stream.set_nodelay(true).ok();
        let socket = Socket::new(stream, Arc::clone(&connection));
        let answering = Arc::clone(&connection);
        let service = service_fn(move |request: Request<Incoming>| {
            let (shared, connection) = (Arc::clone(&self), Arc::clone(&answering));
            async move {
                let upstream = shared.upstream();
                let answer = answer(request, &shared.rules, &shared.log, &upstream, connection).await;
                Ok::<_, Infallible>(answer)
            }
        });
        let http = http1::Builder::new()
            .timer(TokioTimer::new())
            // Browsers keep connections open that they do not use yet.
            .header_read_timeout(None)
            .max_buf_size(HTTP_BUFFER)
            // Upstream's date, or none if it is dropped.
            .auto_date_header(false)
            .serve_connection(TokioIo::new(socket), service);
        // By reference: whether it is being cut must be known before it is dropped.
        let mut http = pin!(http);
        tokio::select! {
            // How it ended is in the log, for each request.
            _ = &mut http => {}
            Ok(kind) = cut => connection.cut_after_flush(kind),
        }
    }
}

impl Front {
    pub(crate) fn open(address: SocketAddr, shared: Arc<Shared>) -> io::Result<Self> {
        let listener = bind(address)?.listen(1024)?;
        let address = listener.local_addr()?;
        let door = tokio::sync::Mutex::new(Door::Open(spawn(listener, &shared)));
        Ok(Self { address, shared, door })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn is_up(&self) -> bool {
        matches!(*self.door.lock().await, Door::Open(_))
    }

    /// Refuses connections from now on, and cuts those that are open.
    pub(crate) async fn down(&self) -> io::Result<()> {
        let mut door = self.door.lock().await;
        if let Door::Open(listening) = &mut *door {
            listening.abort();
            // When it has ended, the listener is closed.
            listening.await.ok();
            *door = Door::Lost;
        }
        self.shared.cut(CutKind::Fin).await;
        if matches!(*door, Door::Lost) {
            *door = Door::Closed(bind(self.address)?);
        }
        Ok(())
    }

    /// Listens again, on the same port.
    pub(crate) async fn up(&self) -> io::Result<()> {
        let mut door = self.door.lock().await;
        let socket = match std::mem::replace(&mut *door, Door::Lost) {
            open @ Door::Open(_) => {
                *door = open;
                return Ok(());
            }
            Door::Closed(socket) => socket,
            Door::Lost => bind(self.address)?,
        };
        *door = Door::Open(spawn(socket.listen(1024)?, &self.shared));
        Ok(())
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections that were closed here a moment ago still have the port.
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    Ok(socket)
}

fn spawn(listener: TcpListener, shared: &Arc<Shared>) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => shared.serve(stream),
                // Too many open files, perhaps: connections that end make room.
                Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
            }
        }
    })
}
