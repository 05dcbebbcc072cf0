//! `/manifest.webmanifest`: what a browser reads to install the pages as an application (W3C Web Application Manifest).

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use protocol::{Digest, routes};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::http::{ErrorFormat, NO_CACHE, Representation, RepresentationHeaders, answer};

static TEXT: LazyLock<(Bytes, Digest)> = LazyLock::new(|| {
    let text = manifest().to_string();
    let digest = Digest::from_bytes(Sha256::digest(&text).into());
    (Bytes::from(text), digest)
});

/// The route of the manifest.
pub(crate) fn web_manifest() -> Router {
    Router::new().route(routes::WEB_MANIFEST, get(text))
}

async fn text(method: Method, request: HeaderMap) -> Response {
    let (text, digest) = &*TEXT;
    let representation = Representation::from(RepresentationHeaders {
        digest: *digest,
        length: text.len() as u64,
        content_type: HeaderValue::from_static("application/manifest+json"),
        cache_control: NO_CACHE,
        last_modified: None,
        others: HeaderMap::new(),
        form: ErrorFormat::Text,
    });
    answer(&method, &request, representation, text)
}

fn manifest() -> Value {
    json!({
        "id": routes::CATALOGUE,
        "start_url": routes::CATALOGUE,
        "scope": routes::CATALOGUE,
        "name": messages::NAME,
        "short_name": messages::NAME,
        "description": messages::catalogue::LEAD,
        "lang": messages::LANGUAGE,
        "dir": "ltr",
        "categories": ["productivity", "utilities"],
        "display": "standalone",
        // The page says itself what fits by day and by night; these are for the moment before there is a page.
        "theme_color": app::THEME.light,
        "background_color": app::THEME.light,
        "icons": [
            { "src": "/assets/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any" },
            icon("/assets/icon-192.png", 192, "any"),
            icon("/assets/install/icon-512.png", 512, "any"),
            icon("/assets/install/maskable-192.png", 192, "maskable"),
            icon("/assets/install/maskable-512.png", 512, "maskable"),
        ],
        "screenshots": [
            screenshot("/assets/install/wide.png", "1280x800", "wide"),
            screenshot("/assets/install/narrow.png", "780x1560", "narrow"),
        ],
    })
}

fn icon(src: &str, size: u32, purpose: &str) -> Value {
    json!({ "src": src, "sizes": format!("{size}x{size}"), "type": "image/png", "purpose": purpose })
}

fn screenshot(src: &str, sizes: &str, form: &str) -> Value {
    json!({
        "src": src,
        "sizes": sizes,
        "type": "image/png",
        "form_factor": form,
        "label": messages::model::SCREENSHOT,
    })
}
