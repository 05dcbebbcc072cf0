//! Lists and aborts the background fetches of a model.

use protocol::download::{Active, Activity};
use protocol::{AttemptId, DigestSet, ModelId, Revision, TextForm as _, routes};

use crate::ports::{
    BackgroundFetches as _, Device, FetchError, Ports, Record as _, Registration as _, Runtime as _,
};

/// The background fetches of a model that the browser is working on, of whatever revision.
pub(crate) async fn attempts<P: Ports>(
    device: &Device<P>,
    model: &ModelId,
) -> Result<Vec<AttemptId>, FetchError> {
    let Some(background) = &device.background else {
        return Ok(Vec::new());
    };
    let ids = background.ids().await?;
    let attempts = ids.iter().filter_map(|id| AttemptId::from_text(id));
    Ok(attempts.filter(|attempt| attempt.model == *model).collect())
}

/// Whether the browser is working on this revision.
pub(crate) async fn activity<P: Ports>(device: &Device<P>, model: &ModelId, revision: Revision) -> Activity {
    match active(device, model, revision).await {
        Ok(Some(active)) => Activity::Running(active),
        Ok(None) => Activity::Idle,
        Err(error) => {
            device.runtime.log("the browser does not tell its background fetches", &error);
            Activity::Unknown
        }
    }
}

async fn active<P: Ports>(
    device: &Device<P>,
    model: &ModelId,
    revision: Revision,
) -> Result<Option<Active>, FetchError> {
    let Some(background) = &device.background else {
        return Ok(None);
    };
    for attempt in attempts(device, model).await?.into_iter().filter(|attempt| attempt.revision == revision) {
        let Some(registration) = background.get(&attempt).await?.filter(|found| found.ending().is_none())
        else {
            continue;
        };
        match registration.records().await {
            Ok(records) => {
                let asked: DigestSet =
                    records.iter().filter_map(|record| routes::parse_piece(&record.url())).collect();
                return Ok(Some(Active { attempt, asked, downloaded: registration.downloaded() }));
            }
            // It has ended since.
            Err(_) if background.get(&attempt).await?.is_none_or(|found| found.ending().is_some()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Ends the background fetches of a model that are meant.
pub(crate) async fn abort_all<P: Ports>(
    device: &Device<P>,
    model: &ModelId,
    is_meant: impl Fn(&AttemptId) -> bool,
) {
    match attempts(device, model).await {
        Ok(attempts) => {
            for attempt in attempts.iter().filter(|attempt| is_meant(attempt)) {
                abort(device, attempt).await;
            }
        }
        Err(error) => device.runtime.log("background fetches could not be ended", &error),
    }
}

/// Ends a background fetch; the worker then stores what has arrived.
pub(crate) async fn abort<P: Ports>(device: &Device<P>, attempt: &AttemptId) {
    let Some(background) = &device.background else { return };
    let aborted = match background.get(attempt).await {
        Ok(Some(registration)) => registration.abort().await,
        // It has ended meanwhile.
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = aborted {
        device.runtime.log("the background fetch could not be ended", &error);
    }
}
