//! What `cargo leptos build` makes: scripts, styles and pictures of the pages, from the site folder.

use std::path::Path;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use super::PKG;
use crate::http::{IMMUTABLE, NO_CACHE};
use crate::routes;

/// The folder of files that are copied as they are, below the site root and as the first URL segment.
pub(super) const ASSETS: &str = "assets";

/// The longest name that a file system has, in bytes. Longer ones would be its errors, not missing files.
const LONGEST_NAME: usize = 255;

/// The routes of what was built.
pub(super) fn built(site: &Path, names_are_hashed: bool) -> Router {
    warn_if_not_built(site);
    let folder = |name: &str| {
        let files = ServeDir::new(site.join(name)).precompressed_br().precompressed_gzip();
        Router::new().nest_service(&format!("/{name}"), files)
    };
    let assets = folder(ASSETS).layer(SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, NO_CACHE));
    let pkg = folder(PKG).layer(from_fn_with_state(names_are_hashed, immutable_if_found));
    assets.merge(pkg).layer(from_fn(whole))
}

/// Pages without their scripts and styles look broken: better said at the start than found out in a browser.
fn warn_if_not_built(site: &Path) {
    let pkg = site.join(PKG);
    if !pkg.exists() {
        tracing::warn!(
            "the pages are not built: there is no {}; run `cargo leptos build`, or name their folder with --site",
            pkg.display()
        );
    }
}

/// A missing file may be there after the next build, and without a hash in its name it may be another one. Only
/// what was found under such a name never changes.
async fn immutable_if_found(State(names_are_hashed): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let found = response.status().is_success();
    let cache_control = if names_are_hashed && found { IMMUTABLE } else { NO_CACHE };
    response.headers_mut().insert(header::CACHE_CONTROL, cache_control);
    response
}

/// These files are small, and `ServeDir` would answer ranges without a look at `If-Range`, so that two builds could be mixed. RFC
/// 9110 section 14.2 leaves a server free to ignore ranges.
async fn whole(mut request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    if uri.path().split('/').any(|name| name.len() > LONGEST_NAME) {
        return routes::unknown(uri).await;
    }
    request.headers_mut().remove(header::RANGE);
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        return routes::unknown(uri).await;
    }
    response.headers_mut().remove(header::ACCEPT_RANGES);
    response
}
