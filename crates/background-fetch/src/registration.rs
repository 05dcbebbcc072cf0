//! One background fetch: how far it is, how it ended, its records.

use wasm_bindgen::{JsCast, JsValue};

use crate::glue::BackgroundFetchRegistration;
use crate::number;
use crate::{Error, FailureReason, FetchResult, Progress, ProgressListener, Record};

/// One background fetch (`BackgroundFetchRegistration`).
///
/// Its numbers are those of the browser's last notice to this object, which is also when progress listeners
/// are called.
#[derive(Clone, Debug)]
pub struct Registration {
    inner: BackgroundFetchRegistration,
}

impl Registration {
    /// The id it was started with.
    #[must_use]
    pub fn id(&self) -> String {
        self.inner.id()
    }

    /// Bytes to send; 0 if no request has a body.
    #[must_use]
    pub fn upload_total(&self) -> u64 {
        number::to_count(self.inner.upload_total())
    }

    /// Bytes sent.
    #[must_use]
    pub fn uploaded(&self) -> u64 {
        number::to_count(self.inner.uploaded())
    }

    /// Bytes to receive, as announced with [`Options::download_total`](crate::Options::download_total); 0 is
    /// "unknown".
    #[must_use]
    pub fn download_total(&self) -> u64 {
        number::to_count(self.inner.download_total())
    }

    /// Bytes received. A hint: Chromium leaves some out after a restart, and counts again what it fetches
    /// again.
    #[must_use]
    pub fn downloaded(&self) -> u64 {
        number::to_count(self.inner.downloaded())
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn result(&self) -> FetchResult {
        FetchResult::of(&self.inner.result())
    }

    /// Why it failed, if it has.
    #[must_use]
    pub fn failure_reason(&self) -> FailureReason {
        FailureReason::of(self.inner.failure_reason())
    }

    /// Whether the records can still be read: until the handler of the completion event is done.
    #[must_use]
    pub fn records_available(&self) -> bool {
        self.inner.records_available()
    }

    /// All its numbers at this moment.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            downloaded: self.downloaded(),
            download_total: self.download_total(),
            uploaded: self.uploaded(),
            upload_total: self.upload_total(),
            result: self.result(),
            failure_reason: self.failure_reason(),
        }
    }

    /// Calls `listener` whenever the numbers or the result change, until the guard is dropped.
    ///
    /// The browser calls it only in a context that lives, and tells each object separately: a registration
    /// from [`BackgroundFetch::get`](crate::BackgroundFetch::get) has its own listeners.
    pub fn on_progress(&self, mut listener: impl FnMut(Progress) + 'static) -> ProgressListener {
        let source = self.clone();
        ProgressListener::new(self.inner.clone(), move || listener(source.progress()))
    }

    /// Stops it; the completed records go to the abort event. `false` if it was not active any more.
    ///
    /// # Errors
    /// [`Other`](crate::ErrorKind::Other).
    pub async fn abort(&self) -> Result<bool, Error> {
        Ok(self.inner.abort()?.await?.is_truthy())
    }

    /// All records, in any order; also while it runs.
    ///
    /// # Errors
    /// [`InvalidState`](crate::ErrorKind::InvalidState) when they are no longer available.
    pub async fn match_all(&self) -> Result<Vec<Record>, Error> {
        let records = self.inner.match_all()?.await?;
        Ok(records.iter().map(Record::from).collect())
    }

    /// The record of a URL that was asked for with `GET`.
    ///
    /// # Errors
    /// [`InvalidState`](crate::ErrorKind::InvalidState) when the records are no longer available;
    /// [`BadRequest`](crate::ErrorKind::BadRequest) if it is not a URL.
    pub async fn match_url(&self, url: &str) -> Result<Option<Record>, Error> {
        let found = self.inner.match_url(url)?.await?;
        Ok((!found.is_undefined()).then(|| Record::from_js(found)))
    }

    pub(crate) fn from_js(value: JsValue) -> Self {
        Self::from(value.unchecked_into::<BackgroundFetchRegistration>())
    }
}

impl From<BackgroundFetchRegistration> for Registration {
    fn from(inner: BackgroundFetchRegistration) -> Self {
        Self { inner }
    }
}

/// The object itself, for what these bindings lack.
impl AsRef<JsValue> for Registration {
    fn as_ref(&self) -> &JsValue {
        self.inner.as_ref()
    }
}
