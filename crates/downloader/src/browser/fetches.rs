//! The port for the Background Fetch API.

use background_fetch::{
    BackgroundFetch, Error, ErrorKind, FailureReason, FetchResult, Icon, Options, ProgressListener, Record,
    Registration,
};
use futures_util::future::{Either, select};
use futures_util::pin_mut;
use js_sys::Promise;
use protocol::download::StartRefusal;
use protocol::{AttemptId, Ending, Piece, TextForm as _, routes};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Response, ServiceWorkerRegistration};

use crate::ports::{self, BackgroundFetches, FetchError};

/// The background fetches of this site.
#[derive(Clone, Debug)]
pub struct BrowserFetches(BackgroundFetch);

impl BrowserFetches {
    /// `None` where the browser has no Background Fetch.
    #[must_use]
    pub fn of(worker: &ServiceWorkerRegistration) -> Option<Self> {
        BackgroundFetch::of(worker).ok().map(Self)
    }
}

impl BackgroundFetches for BrowserFetches {
    type Body = Response;
    type Registration = BrowserRegistration;

    async fn ids(&self) -> Result<Vec<String>, FetchError> {
        Ok(self.0.get_ids().await?)
    }

    async fn get(&self, attempt: &AttemptId) -> Result<Option<BrowserRegistration>, FetchError> {
        let found = self.0.get(&attempt.to_text()).await?;
        Ok(found.map(BrowserRegistration))
    }

    async fn start(&self, attempt: &AttemptId, pieces: &[Piece]) -> Result<(), StartRefusal> {
        let urls = pieces.iter().map(|piece| routes::piece(&piece.digest));
        let options = Options::new()
            .title(messages::background_title(&attempt.model))
            .icon(Icon::new("/assets/icon-192.png").sizes("192x192").media_type("image/png"))
            // Exact: too small, and the browser ends it; left out, and its bar says nothing.
            .download_total(pieces.iter().map(|piece| piece.size).sum());
        match self.0.fetch(&attempt.to_text(), urls, &options).await {
            Ok(_) => Ok(()),
            Err(error) => {
                super::log("the browser did not start a background fetch", &error.to_string().into());
                Err(refusal(error.kind()))
            }
        }
    }
}

impl From<Error> for FetchError {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

fn refusal(kind: ErrorKind) -> StartRefusal {
    match kind {
        ErrorKind::NotAllowed => StartRefusal::NotAllowed,
        ErrorKind::TooManyActive => StartRefusal::TooMany,
        ErrorKind::QuotaExceeded => StartRefusal::NoRoom,
        ErrorKind::Unsupported
        | ErrorKind::DuplicateId
        | ErrorKind::Aborted
        | ErrorKind::InvalidState
        | ErrorKind::RecordUnavailable
        | ErrorKind::BadRequest
        | ErrorKind::Other => StartRefusal::Failed,
    }
}

/// A background fetch.
#[derive(Debug)]
pub struct BrowserRegistration(pub Registration);

impl ports::Registration for BrowserRegistration {
    type Body = Response;
    type Record = BrowserRecord;
    type Listener = ProgressListener;

    fn ending(&self) -> Option<Ending> {
        match self.0.result() {
            FetchResult::Pending => None,
            FetchResult::Success | FetchResult::Failure => Some(match self.0.failure_reason() {
                FailureReason::None => Ending::Success,
                FailureReason::Aborted => Ending::Aborted,
                FailureReason::BadStatus => Ending::BadStatus,
                FailureReason::FetchError => Ending::FetchError,
                FailureReason::QuotaExceeded => Ending::QuotaExceeded,
                FailureReason::DownloadTotalExceeded => Ending::DownloadTotalExceeded,
                FailureReason::Other(_) => Ending::Unknown,
            }),
        }
    }

    fn downloaded(&self) -> u64 {
        self.0.downloaded()
    }

    async fn records(&self) -> Result<Vec<BrowserRecord>, FetchError> {
        let records = self.0.match_all().await?;
        Ok(records.into_iter().map(BrowserRecord).collect())
    }

    async fn abort(&self) -> Result<(), FetchError> {
        self.0.abort().await?;
        Ok(())
    }

    fn on_progress(&self, report: impl Fn(u64) + 'static) -> ProgressListener {
        self.0.on_progress(move |progress| report(progress.downloaded))
    }
}

/// One request of a background fetch.
#[derive(Debug)]
pub struct BrowserRecord(Record);

impl ports::Record for BrowserRecord {
    type Body = Response;

    fn url(&self) -> String {
        self.0.url()
    }

    async fn finished(&self) -> Option<Response> {
        // The promise of a finished record is already settled, so a few turns of the microtask queue show
        // its value. The promise of an unfinished record is pending until its bytes arrive. A timer would
        // not do: in a hidden tab, each takes a second.
        let ready = self.0.response_ready();
        let moment = async {
            for _ in 0..4 {
                // It cannot fail.
                let _ = JsFuture::from(Promise::resolve(&JsValue::UNDEFINED)).await;
            }
        };
        pin_mut!(ready, moment);
        match select(ready, moment).await {
            Either::Left((response, _)) => response.ok(),
            Either::Right(_) => None,
        }
    }

    async fn ready(&self) -> Option<Response> {
        self.0.response_ready().await.ok()
    }
}
