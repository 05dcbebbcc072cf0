//! HTTP/1.1: one request after another, with as little memory as possible between them.
//!
//! hyper's connection allocates two buffers of 8 KiB or more, used or not. The server therefore creates it
//! when the first bytes of a request arrive. It takes the connection apart if no bytes arrive for [`REST`]
//! after an answer. An idle connection is then a socket and a timer. Without this, 4,096 idle connections
//! need 2.7 times nginx's memory.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use super::ended::{Ended, failed};
use super::http1_phase::{Http1Phase, Http1PhaseTracker};
use super::http1_phase_io::{Http1PhaseService, Http1PhaseStream};
use super::request_validation::RequestValidation;
use super::{HTTP_BUFFER, Limits};

/// How long hyper's connection stays after an answer. Creating another one takes a microsecond or two, which a client with many
/// requests a second should not pay for.
const REST: Duration = Duration::from_millis(50);

/// Bytes to read when a request begins: as many as hyper reads.
const FIRST: usize = 8 << 10;

/// Serves a connection to its end. When `ending` changes, the running request is finished, and no other begun.
pub(super) async fn serve<S>(
    mut stream: S,
    service: RequestValidation,
    limits: &Limits,
    ending: &mut watch::Receiver<()>,
) -> Ended
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    // The beginning, or the end of the answer before.
    let mut since = Instant::now();
    let mut first = Bytes::new();
    loop {
        if first.is_empty() {
            first = tokio::select! {
                biased;
                first = poll_fn(|context| poll_first(&mut stream, context)) => match first {
                    Ok(first) if first.is_empty() => return goodbye(stream).await,
                    Ok(first) => first,
                    Err(error) => return failed(&error),
                },
                () = sleep_until(since + limits.head) => return Ended::Head,
                _ = ending.changed() => return goodbye(stream).await,
            };
        }
        let phases = Arc::new(Http1PhaseTracker::new(since));
        // On the heap: it is many times as large as an idle connection.
        match Box::pin(run(stream, first, service.clone(), limits, ending, &phases)).await {
            Left::Ended(ended) => return ended,
            Left::Rests { stream: left, unread, since: answered } => {
                tracing::trace!("a connection rests");
                (stream, first, since) = (left, unread, answered);
            }
        }
    }
}

/// What a client says first; nothing at its end.
fn poll_first<S: AsyncRead + Unpin>(stream: &mut S, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
    // On the stack of the poll: an idle connection has no buffer.
    let mut buffer = [const { MaybeUninit::uninit() }; FIRST];
    let mut buffer = ReadBuf::uninit(&mut buffer);
    ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
    Poll::Ready(Ok(Bytes::copy_from_slice(buffer.filled())))
}

/// Ends a connection on which nothing is under way, in the words of TLS if it is spoken. The client need not listen.
async fn goodbye<S: AsyncWrite + Unpin>(mut stream: S) -> Ended {
    if let Err(error) = stream.shutdown().await {
        tracing::debug!("a connection ended: {error}");
    }
    Ended::Done
}

/// What is left when hyper's connection is no more.
enum Left<S> {
    /// Nothing: it was the client's last one, or it failed.
    Ended(Ended),
    /// The stream.
    Rests {
        stream: S,
        /// Bytes of the next request, if some had come with the last one.
        unread: Bytes,
        /// The end of the last answer.
        since: Instant,
    },
}

/// Serves requests with hyper until there are none for a while.
async fn run<S>(
    stream: S,
    first: Bytes,
    service: RequestValidation,
    limits: &Limits,
    ending: &mut watch::Receiver<()>,
    phases: &Arc<Http1PhaseTracker>,
) -> Left<S>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let stream = Http1PhaseStream::new(stream, first, phases);
    let mut connection = http1::Builder::new()
        // Timers are kept here: hyper would make one for each request.
        .header_read_timeout(None)
        .max_buf_size(HTTP_BUFFER)
        .serve_connection(TokioIo::new(stream), Http1PhaseService::new(service, phases));
    let mut may_rest = true;
    let mut alarm = pin!(sleep_until(Instant::now() + REST));
    let mut ended = pin!(ending.changed());
    let due = poll_fn(|context| {
        if let Poll::Ready(outcome) = Pin::new(&mut connection).poll(context) {
            return Poll::Ready(Err(outcome));
        }
        if may_rest && ended.as_mut().poll(context).is_ready() {
            may_rest = false;
            Pin::new(&mut connection).graceful_shutdown();
            if let Poll::Ready(outcome) = Pin::new(&mut connection).poll(context) {
                return Poll::Ready(Err(outcome));
            }
        }
        poll_due(phases, may_rest, limits.head, alarm.as_mut(), context).map(Ok)
    });
    match due.await {
        Err(Ok(())) => Left::Ended(Ended::Done),
        Err(Err(error)) => Left::Ended(failed(&error)),
        Ok(Due::Head) => {
            tracing::debug!("a connection ended: a request's head took too long");
            Left::Ended(Ended::Head)
        }
        Ok(Due::Rest { since }) => {
            let parts = connection.into_parts();
            let (stream, first) = parts.io.into_inner().into_inner();
            // Copied, and mostly none: even what is empty keeps hyper's whole buffer.
            let unread = Bytes::from([parts.read_buf, first].concat());
            Left::Rests { stream, unread, since }
        }
    }
}

/// For what it is time.
enum Due {
    /// Nothing was asked for a while.
    Rest { since: Instant },
    /// A request's head should have been complete.
    Head,
}

/// Is over when it is time for something.
fn poll_due(
    phases: &Http1PhaseTracker,
    may_rest: bool,
    head: Duration,
    mut alarm: Pin<&mut Sleep>,
    context: &mut Context<'_>,
) -> Poll<Due> {
    let (at, due) = match phases.now() {
        Http1Phase::Answering | Http1Phase::Flushing => return Poll::Pending,
        Http1Phase::Waiting { since, begun: false } if may_rest && !phases.has_seen_bodies() => {
            (since + REST.min(head), Due::Rest { since })
        }
        Http1Phase::Waiting { since, begun: true | false } => (since + head, Due::Head),
    };
    // An alarm that is early is set anew only when it is over: most waits are short.
    if alarm.deadline() > at {
        alarm.as_mut().reset(at);
    }
    loop {
        ready!(alarm.as_mut().poll(context));
        if Instant::now() >= at {
            return Poll::Ready(due);
        }
        alarm.as_mut().reset(at);
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
    use tokio::time::sleep;

    use super::*;

    const LIMITS: Limits = Limits {
        connections: 1,
        head: Duration::from_secs(60),
        stall: Duration::from_secs(60),
        least_rate: 1,
        drain: Duration::ZERO,
    };

    fn service() -> RequestValidation {
        let site = Router::new()
            .route("/", get(async || "here"))
            .route("/slow", get(async || sleep(Duration::from_secs(3600)).await))
            .route("/full", post(async || StatusCode::NO_CONTENT));
        RequestValidation { site: site.into(), queue: None }
    }

    /// What becomes of hyper's connection if a client says this, and what the client has heard then.
    async fn left(said: &'static str) -> (Left<DuplexStream>, Duration, String) {
        let began = Instant::now();
        let (stream, mut peer) = duplex(4096);
        // Never changes.
        let (_sender, mut ending) = watch::channel(());
        let phases = Arc::new(Http1PhaseTracker::new(began));
        let left = run(stream, said.into(), service(), &LIMITS, &mut ending, &phases).await;
        let took = began.elapsed();
        let mut heard = [0; 4096];
        let count = peer.read(&mut heard).await.unwrap();
        (left, took, String::from_utf8_lossy(&heard[..count]).into_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_answered_and_asks_nothing_has_no_connection_of_hyper_any_more() {
        let (left, took, heard) = left("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let Left::Rests { unread, .. } = left else { panic!("it ended") };
        assert!(unread.is_empty() && heard.ends_with("here"), "{heard}");
        assert!(took < 2 * REST, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_of_the_next_request_is_kept() {
        let (left, _, _) = left("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT").await;
        assert!(matches!(left, Left::Rests { unread, .. } if &unread[..] == b"GET / HT"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_being_answered_is_waited_for() {
        let (left, took, heard) = left("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(matches!(left, Left::Rests { .. }) && heard.starts_with("HTTP/1.1 200"), "{heard}");
        assert!(took >= Duration::from_secs(3600), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_taken_apart_in_the_middle_of_a_request() {
        for (said, status) in [
            ("GET / HT", ""),
            ("POST /full HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1", "HTTP/1.1 204"),
            ("POST /full HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1", "HTTP/1.1 204"),
        ] {
            let (left, took, heard) = left(said).await;
            assert!(matches!(left, Left::Ended(_)), "{said}");
            assert!(heard.starts_with(status), "{said}: {heard}");
            assert!(took <= LIMITS.head, "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_answered_whatever_the_rests_between_their_parts() {
        let (stream, mut peer) = duplex(4096);
        let serving = tokio::spawn(async move {
            let (_sender, mut ending) = watch::channel(());
            serve(stream, service(), &LIMITS, &mut ending).await
        });
        for parts in
            [&["GET / HTTP/1.1\r\n", "Host: x\r\n\r\nGET /", " HTTP/1.1\r\nHost: y\r\n\r\n"][..], &["\r\n"]]
        {
            for part in parts {
                peer.write_all(part.as_bytes()).await.unwrap();
                sleep(10 * REST).await;
            }
        }
        let mut heard = [0; 4096];
        let count = peer.read(&mut heard).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&heard[..count]).matches("200 OK").count(), 2);
        // Something that is no request yet has come.
        let began = Instant::now();
        assert_eq!(peer.read(&mut heard).await.unwrap(), 0);
        assert!(began.elapsed() < LIMITS.head);
        assert_eq!(serving.await.unwrap(), Ended::Head);
    }

    #[tokio::test(start_paused = true)]
    async fn who_rests_is_closed_when_a_head_would_have_taken_too_long() {
        let began = Instant::now();
        let (stream, mut peer) = duplex(4096);
        let (_sender, mut ending) = watch::channel(());
        peer.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert_eq!(serve(stream, service(), &LIMITS, &mut ending).await, Ended::Head);
        assert_eq!(began.elapsed().as_secs(), LIMITS.head.as_secs());
    }
}
