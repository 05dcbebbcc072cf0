//! One call of `download`, and its reports to the page.

use std::cell::Cell;

use downloader::{CallError, browser};
use js_sys::Function;
use piece_store::BrowserStore;
use protocol::download::Download;
use protocol::{ModelId, Revision};
use wasm_bindgen::JsValue;

use crate::abort::Abort;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::status::Status;

/// What is asked for.
pub(crate) struct Call {
    pub call: downloader::Call,
    pub on_progress: Option<Function>,
    pub abort: Abort,
}

impl Call {
    /// Comes back when the model is ready.
    pub(crate) async fn carry_out(&self) -> Result<Status, Failure> {
        let store = BrowserStore::open().await?;
        let model = &self.call.model;
        let reported = Cell::new(None);
        let report = |download: &Download| {
            let progress = Progress::of(download);
            if progress.is_some() && reported.replace(progress) != progress {
                self.report(progress);
            }
        };
        match self.call.carry_out(&browser::downloads(), &self.abort, report).await {
            Ok(revision) => Ok(Status::of(&store, model, Some(revision)).await?),
            // A stored model is usable without the server, whatever revision the server has now.
            Err(CallError::NoRevision(cause)) if cause.is_passing() => {
                let ready = Status::of_ready(&store, model).await?;
                ready.ok_or_else(|| Failure::from(cause).about(model, None))
            }
            Err(error) => Err(self.failure(model, error)),
        }
    }

    fn failure(&self, model: &ModelId, error: CallError) -> Failure {
        let about = |failure: Failure, revision: Option<Revision>| failure.about(model, revision);
        match error {
            CallError::Aborted(revision) => about(Failure::aborted(&self.abort), revision),
            CallError::NoRevision(cause) => about(cause.into(), None),
            CallError::Unsupported(missing) => about(missing.into(), self.call.revision),
            CallError::Stopped(revision, cause) => about(cause.into(), Some(revision)),
        }
    }

    fn report(&self, progress: Option<Progress>) {
        let (Some(on_progress), Some(progress)) = (&self.on_progress, progress) else { return };
        if let Err(error) = on_progress.call1(&JsValue::UNDEFINED, &progress.into()) {
            // The page's own, and no reason to stop.
            web_sys::console::error_1(&error);
        }
    }
}
