//! How long a client holds up one answer of several that share a connection: the time between a body's handing out
//! bytes and its being asked for more.

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
    /// Of the stream whose task this is. hyper knows streams by their futures alone, and a service knows nothing of them.
    static HOLD: Arc<Hold>;
}

/// The least time between two looks at a hold.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How one answer is taken.
#[derive(Debug)]
pub(super) struct Hold {
    stall: Duration,
    /// What must be taken within `stall` of waiting, in bytes.
    least: u64,
    reckoning: Mutex<Reckoning>,
}

/// Since the last look: bytes handed out, and how long the client was waited for.
#[derive(Debug, Default)]
struct Reckoning {
    given: u64,
    waited: Duration,
    /// Since when the client is waited for.
    since: Option<Instant>,
}

impl Reckoning {
    fn settle(&mut self) {
        if let Some(since) = self.since {
            let now = Instant::now();
            self.waited += now - since;
            self.since = Some(now);
        }
    }
}

impl Hold {
    /// `least_rate` in bytes a second.
    pub(super) fn new(stall: Duration, least_rate: u64) -> Arc<Self> {
        let least = (least_rate as f64 * stall.as_secs_f64()) as u64;
        Arc::new(Self { stall, least: least.max(1), reckoning: Mutex::default() })
    }

    /// Runs a stream whose answer is measured.
    pub(super) async fn around<F: Future>(self: Arc<Self>, stream: F) -> F::Output {
        HOLD.scope(self, stream).await
    }

    /// Is over when the client has held the answer up for too long.
    pub(super) async fn outlasted(&self) {
        loop {
            let left = self.stall.saturating_sub(self.reckoning().waited);
            sleep(left.max(LOOK_AGAIN)).await;
            let mut reckoning = self.reckoning();
            reckoning.settle();
            if reckoning.waited < self.stall {
                continue;
            }
            if reckoning.given < self.least {
                return;
            }
            reckoning.given = 0;
            reckoning.waited = Duration::ZERO;
        }
    }

    /// From now on the client is waited for.
    fn given(&self, bytes: usize) {
        let mut reckoning = self.reckoning();
        reckoning.given += bytes as u64;
        reckoning.since = Some(Instant::now());
    }

    /// From now on the answer is worked on.
    fn asked(&self) {
        let mut reckoning = self.reckoning();
        reckoning.settle();
        reckoning.since = None;
    }

    fn reckoning(&self) -> MutexGuard<'_, Reckoning> {
        self.reckoning.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A service whose answers are measured by the hold of the stream that asks.
#[derive(Clone, Debug)]
pub(super) struct Releasing<S>(pub S);

impl<S, R> Service<Request<R>> for Releasing<S>
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
            Ok(match HOLD.try_with(Arc::clone) {
                Ok(hold) => {
                    // hyper may wait for the client before it asks for the body, or after.
                    hold.given(0);
                    response.map(|body| Body::new(Held { body, hold }))
                }
                // There is no stream, and so no client who could hold it up.
                Err(_) => response,
            })
        })
    }
}

/// A body whose hold is told what becomes of it.
struct Held {
    body: Body,
    hold: Arc<Hold>,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.hold.asked();
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
        self.hold.given(data.map_or(0, Bytes::len));
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
        let hold = Hold::new(STALL, 100);
        let began = Instant::now();
        let taking = async {
            while began.elapsed() < Duration::from_secs(3600) {
                hold.asked();
                hold.given(bytes);
                sleep(every).await;
            }
        };
        tokio::select! {
            () = hold.outlasted() => Some(began.elapsed()),
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
        let hold = Hold::new(STALL, 100);
        let slow = async {
            for _ in 0..10 {
                hold.given(1);
                sleep(Duration::from_secs(5)).await;
                hold.asked();
                sleep(Duration::from_secs(1000)).await;
            }
        };
        tokio::select! {
            () = hold.outlasted() => panic!("the client was quick"),
            () = slow => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_even_let_an_answer_begin_is_given_up() {
        let hold = Hold::new(STALL, 100);
        let began = Instant::now();
        let stream = async {
            let service = tower::service_fn(|_| async {
                sleep(Duration::from_secs(1000)).await;
                Ok(Response::new(Body::from("an answer")))
            });
            let _answer = Releasing(service).call(Request::new(Body::empty())).await;
            pending::<()>().await;
        };
        tokio::select! {
            () = hold.outlasted() => {}
            () = Arc::clone(&hold).around(stream) => {}
            () = sleep(Duration::from_secs(3600)) => panic!("it is still waited for"),
        }
        assert!(began.elapsed() >= Duration::from_secs(1000) + STALL);
    }
}
