//! The server's URLs: functions that build and parse them. The router's patterns for the same paths are in
//! `server/src/routes.rs`.
//!
//! All URLs are absolute paths on the server's own origin. Names are percent-encoded (RFC 3986 section
//! 2.1).

mod of_model;

use std::fmt::{Display, Write as _};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use of_model::{OfModel, What, is_recursive, parse_of_model};

use crate::transfer::Part;
use crate::{Digest, FilePath, ModelId};

/// The catalogue page.
pub const CATALOGUE: &str = "/";
/// The service worker's script.
pub const SERVICE_WORKER: &str = "/service-worker.js";
/// The script of a dedicated worker that computes with a model: [`crate::inference`].
pub const INFERENCE_WORKER: &str = "/inference-worker.js";
/// Where that script's program is, under names that say what is in them.
pub const INFERENCE: &str = "/inference/";
/// The module by which pages that are not ours drive downloads.
pub const MODULE: &str = "/modelferry.js";
/// Its types.
pub const MODULE_TYPES: &str = "/modelferry.d.ts";
/// The page that is shown in the place of one that cannot be had.
pub const OFFLINE: &str = "/offline";
/// What a browser reads to install the pages as an application.
pub const WEB_MANIFEST: &str = "/manifest.webmanifest";
/// All models, in the shape model-hub clients expect.
pub const MODELS: &str = "/api/models";
/// The name of the moving revision: whatever the files are now.
pub const MAIN: &str = "main";

const PIECES: &str = "/pieces/";

/// RFC 3986 section 2.3: unreserved characters stay, everything else is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encode(segment: &str) -> impl Display + '_ {
    utf8_percent_encode(segment, SEGMENT)
}

/// One piece: `/pieces/<sha256>`.
#[must_use]
pub fn piece(digest: &Digest) -> String {
    format!("{PIECES}{digest}")
}

/// The key of a part among those of unfinished pieces; no server knows it.
#[must_use]
pub fn part(part: &Part) -> String {
    let mut route = piece(&part.digest);
    for (n, (first, end)) in part.ranges.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(route, "{}{first}-{end}", if n == 0 { '?' } else { '.' });
    }
    route
}

/// The digest named by a piece's path, or by its absolute URL; `None` for any other URL.
#[must_use]
pub fn parse_piece(url: &str) -> Option<Digest> {
    let (folder, digest) = url.rsplit_once('/')?;
    let origin = folder.strip_suffix(PIECES.trim_end_matches('/'))?;
    // No origin, or `scheme://authority`.
    let is_origin = origin.is_empty() || origin.ends_with(|c| c != '/') && origin.split('/').count() == 3;
    is_origin.then(|| digest.parse().ok())?
}

/// A model's page.
#[must_use]
pub fn model_page(model: &ModelId) -> String {
    format!("/{}/{}", encode(model.owner()), encode(model.name()))
}

/// A file: `/{owner}/{name}/resolve/{revision}/{path}`. `revision` is a 40-hex one or [`MAIN`].
#[must_use]
pub fn resolve(model: &ModelId, revision: impl Display, path: &FilePath) -> String {
    let mut url = format!("{}/resolve/{revision}", model_page(model));
    for segment in path.segments() {
        url.push('/');
        url.push_str(&encode(segment).to_string());
    }
    url
}

/// The server's description of one model.
#[must_use]
pub fn model_info(model: &ModelId) -> String {
    format!("{MODELS}{}", model_page(model))
}

/// The manifest of a 40-hex revision, or of [`MAIN`].
#[must_use]
pub fn manifest(model: &ModelId, revision: impl Display) -> String {
    format!("{}/manifest/{revision}", model_info(model))
}

/// The path of the page of the model whose manifest is at this path; `None` for any other path.
#[must_use]
pub fn page_of_manifest(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(MODELS)?;
    // `/{owner}/{name}/manifest/..`
    let (end, _) = rest.match_indices('/').nth(2)?;
    let (page, rest) = rest.split_at_checked(end)?;
    rest.starts_with("/manifest/").then_some(page)
}

/// The query that asks for a manifest in the form in which it is stored: [`crate::Manifest::to_text`].
pub const MANIFEST_AS_TEXT: &str = "form=text";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_and_separators_are_not() {
        let model: ModelId = "my models/100% #1?".parse().unwrap();
        let path = "a b/c+d/ö.bin".parse().unwrap();
        assert_eq!(
            resolve(&model, MAIN, &path),
            "/my%20models/100%25%20%231%3F/resolve/main/a%20b/c%2Bd/%C3%B6.bin"
        );
    }

    #[test]
    fn a_manifest_leads_to_the_page_of_its_model() {
        for id in ["o/n", "my models/100% #1?", "o/manifest"] {
            let model: ModelId = id.parse().unwrap();
            assert_eq!(page_of_manifest(&manifest(&model, MAIN)), Some(&model_page(&model)[..]), "{id}");
            assert_eq!(page_of_manifest(&model_info(&model)), None, "{id}");
        }
        assert_eq!(page_of_manifest("/api/models/o/manifest/main"), None);
        assert_eq!(page_of_manifest("/o/n/manifest/main"), None);
    }

    #[test]
    fn a_piece_url_round_trips_with_and_without_origin() {
        let digest = Digest::from_bytes([0xab; 32]);
        let path = piece(&digest);
        assert_eq!(parse_piece(&path), Some(digest));
        assert_eq!(parse_piece(&format!("https://example.org:8443{path}")), Some(digest));
        assert_eq!(parse_piece("/pieces/nothex"), None);
        assert_eq!(parse_piece("https://example.org"), None);
        assert_eq!(parse_piece("/other"), None);
        assert_eq!(parse_piece(&format!("/owner{path}")), None);
        assert_eq!(parse_piece(&format!("https://example.org/owner{path}")), None);
        assert_eq!(parse_piece(&format!("//{path}")), None);
    }
}
