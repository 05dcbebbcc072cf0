//! The pages' files in a folder: `pkg/` with scripts and styles, `assets/` with the rest.

use std::fs;
use std::path::Path;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use protocol::Digest;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use super::{ASSETS, Front, NAME, PKG, digest, is_loaded};
use crate::http::{IMMUTABLE, NO_CACHE};
use crate::routes;

/// The longest name that a file system has, in bytes. Longer ones would be its errors, not missing files.
const LONGEST_NAME: usize = 255;

/// The files as they are now. Their names are those in the folder: a build may put digests into them.
pub(super) fn front(site: &Path) -> Front {
    warn_if_not_built(site);
    let mut loaded: Vec<_> = [PKG, ASSETS].iter().flat_map(|name| in_folder(site, name)).collect();
    loaded.sort_unstable();
    let named = |extension: &str| {
        let mut names =
            loaded.iter().filter_map(|(path, _)| path.strip_prefix("/pkg/")?.strip_suffix(extension));
        names.find(|name| name.starts_with(NAME)).unwrap_or(NAME).to_owned()
    };
    let (script, style) = (named(".js"), format!("/{PKG}/{}.css", named(".css")));
    let names_are_hashed = script != NAME;
    let folder = |name: &str| {
        let files = ServeDir::new(site.join(name)).precompressed_br().precompressed_gzip();
        Router::new().nest_service(&format!("/{name}"), files)
    };
    let assets = folder(ASSETS).layer(SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, NO_CACHE));
    let pkg = folder(PKG).layer(from_fn_with_state(names_are_hashed, immutable_if_found));
    let router = assets.merge(pkg).layer(from_fn(whole));
    Front { script, style, loaded, router }
}

/// Pages without their scripts and styles look broken: better said at the start than found out in a browser.
fn warn_if_not_built(site: &Path) {
    let pkg = site.join(PKG);
    if !pkg.exists() {
        tracing::warn!(
            "the pages are not built: there is no {}; build in release, run `cargo leptos watch`, or name their folder with --site",
            pkg.display()
        );
    }
}

/// What lies directly in a folder, with its digest.
fn in_folder(site: &Path, name: &str) -> Vec<(String, Digest)> {
    let Ok(entries) = fs::read_dir(site.join(name)) else { return Vec::new() };
    let files = entries.flatten().filter_map(|entry| {
        let path = format!("/{name}/{}", entry.file_name().to_str()?);
        let bytes = fs::read(entry.path()).ok().filter(|_| is_loaded(&path))?;
        Some((path, digest(&bytes)))
    });
    files.collect()
}

/// A missing file may be there after the next build, and without a digest in its name it may be another one. Only
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
