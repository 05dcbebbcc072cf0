//! Fetches manifests from the server.

use piece_store::Pieces as _;
use protocol::download::{Cause, Millis};
use protocol::{Manifest, ModelId, Revision, TextForm as _, routes};

use crate::ports::{Device, Http as _, Ports, Runtime as _};

/// How long an answer of some KiB may take.
const TIMEOUT: Millis = 30_000;

/// Asks the server which revision it has now.
///
/// # Errors
/// Why it could not be had; [`Cause::Gone`] if there is no such model.
pub async fn current<P: Ports>(device: &Device<P>, model: &ModelId) -> Result<Revision, Cause> {
    Ok(fetch(device, model, None).await?.revision())
}

/// The manifest of a revision, or of the current one.
pub(crate) async fn fetch<P: Ports>(
    device: &Device<P>,
    model: &ModelId,
    revision: Option<Revision>,
) -> Result<Manifest, Cause> {
    let url = match revision {
        Some(revision) => routes::manifest(model, revision),
        None => routes::manifest(model, routes::MAIN),
    };
    let url = format!("{url}?{}", routes::MANIFEST_AS_TEXT);
    let text = match device.http.text(&url, TIMEOUT).await {
        Ok((200, text)) => text,
        Ok((404 | 410, _)) => return Err(Cause::Gone),
        Ok((status, _)) => return Err(Cause::Status(status)),
        Err(error) => {
            device.runtime.log("the manifest could not be fetched", &error);
            return Err(Cause::Network);
        }
    };
    let manifest = Manifest::from_text(&text).ok_or_else(|| {
        device.runtime.log("the manifest is not understood", &url);
        Cause::Corrupt(1)
    })?;
    // A manifest is named by what it says of the files, so a wrong one is noticed like a wrong piece.
    let lines = Manifest::revision_lines(manifest.files());
    let digest = device.store.pieces().sha256(lines.as_bytes()).await?;
    let right = Revision::from_lines_digest(&digest) == manifest.revision()
        && revision.is_none_or(|revision| manifest.revision() == revision)
        && manifest.model() == model;
    if right { Ok(manifest) } else { Err(Cause::Corrupt(1)) }
}
