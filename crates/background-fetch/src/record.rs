//! One request of a fetch with its response.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Request, Response};

use crate::Error;
use crate::glue::BackgroundFetchRecord;

/// One request of a fetch, and the way to its response (`BackgroundFetchRecord`).
#[derive(Clone, Debug)]
pub struct Record {
    inner: BackgroundFetchRecord,
}

impl Record {
    /// The request as it was asked for.
    #[must_use]
    pub fn request(&self) -> Request {
        self.inner.request()
    }

    /// The absolute URL that was asked for. The order of records says nothing; this says which one it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.request().url()
    }

    /// Waits for the response. While the fetch runs this may take as long as the fetch.
    ///
    /// Check the body, not only the status: one that broke off for good reads as empty, with a good status.
    ///
    /// # Errors
    /// [`Aborted`](crate::ErrorKind::Aborted) and [`RecordUnavailable`](crate::ErrorKind::RecordUnavailable)
    /// if it will never come.
    pub async fn response_ready(&self) -> Result<Response, Error> {
        Ok(self.inner.response_ready()?.await?)
    }

    pub(crate) fn from_js(value: JsValue) -> Self {
        Self::from(value.unchecked_into::<BackgroundFetchRecord>())
    }
}

impl From<BackgroundFetchRecord> for Record {
    fn from(inner: BackgroundFetchRecord) -> Self {
        Self { inner }
    }
}
