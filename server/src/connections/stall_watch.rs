//! Detects a client that stalls one of several answers on a connection. The time between a body yielding bytes and being polled
//! again counts as the client's.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, sleep};
use tower::Service;

tokio::task_local! {
    /// Of the HTTP/2 stream that the current task runs. hyper gives a service no other way to know its stream.
    static WATCH: Arc<StallWatch>;
}

/// The least time between two checks.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How fast a client reads one answer.
#[derive(Debug)]
pub(super) struct StallWatch {
    stall: Duration,
    /// Bytes that the client must read within `stall` of waiting.
    least: u64,
    account: Mutex<Account>,
}

/// Since the last check: bytes yielded, and the time spent waiting for the client.
#[derive(Debug, Default)]
struct Account {
    yielded: u64,
    waited: Duration,
    /// When the current wait for the client began.
    since: Option<Instant>,
}

impl Account {
    fn settle(&mut self) {
        if let Some(since) = self.since {
            let now = Instant::now();
            self.waited += now - since;
            self.since = Some(now);
        }
    }
}

impl StallWatch {
    /// `least_rate` in bytes a second.
    pub(super) fn new(stall: Duration, least_rate: u64) -> Arc<Self> {
        let least = (least_rate as f64 * stall.as_secs_f64()) as u64;
        Arc::new(Self { stall, least: least.max(1), account: Mutex::default() })
    }

    /// Runs a stream whose answer is watched.
    pub(super) async fn watch<F: Future>(self: Arc<Self>, stream: F) -> F::Output {
        WATCH.scope(self, stream).await
    }

    /// Completes when the client has stalled the answer for too long.
    pub(super) async fn stalled(&self) {
        loop {
            let left = self.stall.saturating_sub(self.account().waited);
            sleep(left.max(LOOK_AGAIN)).await;
            let mut account = self.account();
            account.settle();
            if account.waited < self.stall {
                continue;
            }
            if account.yielded < self.least {
                return;
            }
            account.yielded = 0;
            account.waited = Duration::ZERO;
        }
    }

    /// Bytes were yielded: from now on, the time is the client's.
    fn yielded(&self, bytes: usize) {
        let mut account = self.account();
        account.yielded += bytes as u64;
        account.since = Some(Instant::now());
    }

    /// More bytes are asked for: from now on, the time is ours.
    fn polled(&self) {
        let mut account = self.account();
        account.settle();
        account.since = None;
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A service whose answers are watched by the [`StallWatch`] of their stream.
#[derive(Clone, Debug)]
pub(super) struct WatchStalls<S>(pub S);

impl<S, R> Service<Request<R>> for WatchStalls<S>
where
    S: Service<Request<R>, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            let response = answer.await?;
            Ok(match WATCH.try_with(Arc::clone) {
                Ok(watch) => {
                    // hyper may wait for the client before it polls the body, or after.
                    watch.yielded(0);
                    response.map(|body| Body::new(WatchedBody { body, watch }))
                }
                // Without a stream, there is no client that could stall.
                Err(_) => response,
            })
        })
    }
}

/// A body that tells its watch when it is polled and what it yields.
struct WatchedBody {
    body: Body,
    watch: Arc<StallWatch>,
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.watch.polled();
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
        self.watch.yielded(data.map_or(0, Bytes::len));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const STALL: Duration = Duration::from_secs(60);

    /// How long a client lasts that takes so many bytes each so often, in an hour at most.
    async fn lasts(bytes: usize, every: Duration) -> Option<Duration> {
        let watch = StallWatch::new(STALL, 100);
        let began = Instant::now();
        let taking = async {
            while began.elapsed() < Duration::from_secs(3600) {
                watch.polled();
                watch.yielded(bytes);
                sleep(every).await;
            }
        };
        tokio::select! {
            () = watch.stalled() => Some(began.elapsed()),
            () = taking => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_more_is_given_up() {
        assert_eq!(lasts(5999, Duration::from_secs(100_000)).await, Some(STALL));
        assert_eq!(lasts(6000, Duration::from_secs(100_000)).await, Some(2 * STALL));
    }

    #[tokio::test(start_paused = true)]
    async fn who_drips_is_given_up_and_who_is_slow_but_fast_enough_is_not() {
        assert!(lasts(99, Duration::from_secs(1)).await <= Some(2 * STALL));
        assert_eq!(lasts(110, Duration::from_secs(1)).await, None);
        assert_eq!(lasts(4000, Duration::from_secs(20)).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_that_the_answer_itself_takes_does_not_count() {
        let watch = StallWatch::new(STALL, 100);
        let slow = async {
            for _ in 0..10 {
                watch.yielded(1);
                sleep(Duration::from_secs(5)).await;
                watch.polled();
                sleep(Duration::from_secs(1000)).await;
            }
        };
        tokio::select! {
            () = watch.stalled() => panic!("the client was quick"),
            () = slow => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_even_let_an_answer_begin_is_given_up() {
        let watch = StallWatch::new(STALL, 100);
        let began = Instant::now();
        let stream = async {
            let service = tower::service_fn(|_| async {
                sleep(Duration::from_secs(1000)).await;
                Ok(Response::new(Body::from("an answer")))
            });
            let _answer = WatchStalls(service).call(Request::new(Body::empty())).await;
            pending::<()>().await;
        };
        tokio::select! {
            () = watch.stalled() => {}
            () = Arc::clone(&watch).watch(stream) => {}
            () = sleep(Duration::from_secs(3600)) => panic!("it is still waited for"),
        }
        assert!(began.elapsed() >= Duration::from_secs(1000) + STALL);
    }
}
