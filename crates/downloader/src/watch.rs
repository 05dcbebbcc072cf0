//! Checks every 15 s whether the pieces of idle downloads are still stored. The browser or the user may
//! remove them at any time, without an event.

use std::rc::Rc;

use piece_store::{Pieces as _, StoreError};
use protocol::download::{Download, Event, Millis, State};
use protocol::{AttemptId, DigestSet, Intent, TextForm as _};

use crate::context::DownloadContext;
use crate::ports::{BackgroundFetches as _, Device, Page, Runtime as _};
use crate::shared::Shared;

/// The interval between two looks.
const EVERY: Millis = 15_000;

/// Watches for as long as there is an idle download. Further calls do nothing.
pub(crate) fn watch<G: Page>(shared: &Rc<Shared<G>>) {
    if shared.watching.get() || !shared.downloads().iter().any(is_at_rest) {
        return;
    }
    shared.watching.set(true);
    let runtime = shared.page.runtime().clone();
    let watched = Rc::downgrade(shared);
    shared.page.runtime().spawn(async move {
        loop {
            runtime.sleep(EVERY).await;
            let Some(shared) = watched.upgrade() else { return };
            if !shared.downloads().iter().any(is_at_rest) {
                shared.watching.set(false);
                return;
            }
            if let Some(device) = shared.device() {
                look(&shared, &device).await;
            }
        }
    });
}

fn is_at_rest<G: Page>(download: &Rc<dyn DownloadContext<G>>) -> bool {
    download.with(|download| matches!(download.state(), State::Ready | State::Interrupted(_)))
}

/// One look at the pieces and at the browser's fetches, for all downloads.
async fn look<G: Page>(shared: &Shared<G>, device: &Device<G::Ports>) {
    let resting = shared.downloads().into_iter().filter(is_at_rest);
    // A failure is for a survey to report.
    let pieces = device.store.pieces().list().await;
    let ids = match &device.background {
        Some(background) => background.ids().await.unwrap_or_default(),
        None => Vec::new(),
    };
    for download in resting {
        let is_same = match &pieces {
            Ok(pieces) => is_same(&*download, device, pieces, &ids).await.unwrap_or_default(),
            Err(_) => false,
        };
        if !is_same {
            download.dispatch(Event::Changed);
        }
    }
}

async fn is_same<G: Page>(
    download: &dyn DownloadContext<G>,
    device: &Device<G::Ports>,
    pieces: &DigestSet,
    ids: &[String],
) -> Result<bool, StoreError> {
    let (model, revision) = download.identity();
    let mut fetched = ids.iter().filter_map(|id| AttemptId::from_text(id));
    if fetched.any(|attempt| attempt.model == model && attempt.revision == revision) {
        return Ok(false);
    }
    // A complete model whose removal failed is ready still.
    let agrees = download.with(|download: &Download| {
        let is_ready = *download.state() == State::Ready;
        download.plan().is_none_or(|plan| plan.is_complete() == is_ready && plan.agrees_with(pieces))
    });
    let has_plan = download.with(|download| download.plan().is_some());
    if !agrees || has_plan != device.store.has_manifest(&model, revision).await? {
        return Ok(false);
    }
    // Another page may have begun it, or fulfilled it.
    let intent: Option<Intent> = device.store.intent(&model).await?;
    Ok(download.replace_seen(intent) == Some(intent))
}
