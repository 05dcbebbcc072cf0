//! The files that all pages load: scripts, styles and pictures. A release build embeds them. A debug build
//! reads them from the folder that `cargo leptos watch` fills, and a release build with `--site` reads them
//! from that folder.

mod folder;

use std::path::Path;

use axum::Router;
use axum::routing::any;
use leptos::config::{Env, LeptosOptions};
use protocol::Digest;
use sha2::{Digest as _, Sha256};

use crate::routes::{self, File};

/// The first URL segment of scripts and styles.
const PKG: &str = "pkg";

/// The first URL segment of files that are served as they are.
const ASSETS: &str = "assets";

/// What the scripts are called where no digest is in their names.
const NAME: &str = "modelferry";

/// Made by `build` from the crate `frontend`; `None` in a debug build.
static EMBEDDED: Option<Embedded> = include!(concat!(env!("OUT_DIR"), "/frontend.rs"));

/// What a release build embeds.
#[derive(Debug)]
struct Embedded {
    /// What its script and WebAssembly are called, without an extension.
    script: &'static str,
    /// The path of the style sheet.
    style: &'static str,
    files: &'static [File],
}

/// The files of one build of the pages.
pub(super) struct Front {
    /// What the script and the WebAssembly are called, without an extension.
    script: String,
    /// The path of the style sheet.
    pub style: String,
    /// What every page loads, with its digest, sorted by path.
    pub loaded: Vec<(String, Digest)>,
    /// All files.
    pub router: Router,
}

impl Front {
    /// Those in this folder, or else the embedded ones; without either, those in the folder that `cargo leptos` writes to.
    pub(super) fn new(site: Option<&Path>) -> Self {
        match (site, &EMBEDDED) {
            (Some(site), _) => folder::front(site),
            (None, Some(embedded)) => embedded.front(),
            (None, None) => {
                let site = std::env::var_os("LEPTOS_SITE_ROOT").unwrap_or_else(|| "target/site".into());
                folder::front(Path::new(&site))
            }
        }
    }

    /// What Leptos needs to name the script, and to reload pages while `cargo leptos` watches.
    pub(super) fn options(&self) -> LeptosOptions {
        let watched = std::env::var_os("LEPTOS_WATCH").is_some();
        let reload_port = std::env::var("LEPTOS_RELOAD_PORT").ok().and_then(|port| port.parse().ok());
        LeptosOptions::builder()
            .output_name(self.script.clone())
            .site_pkg_dir(PKG)
            .env(if watched { Env::DEV } else { Env::PROD })
            .reload_port(reload_port.unwrap_or(3001))
            .build()
    }
}

impl Embedded {
    fn front(&self) -> Front {
        let loaded = self.files.iter().filter(|file| is_loaded(file.path));
        let mut loaded: Vec<_> = loaded.map(|file| (file.path.to_owned(), digest(file.plain))).collect();
        loaded.sort_unstable();
        // Other addresses below these folders belong to no page.
        let missing = [PKG, ASSETS].iter().fold(Router::new(), |router, folder| {
            router.route(&format!("/{folder}/{{*path}}"), any(routes::unknown))
        });
        let router = self.files.iter().fold(missing, |router, file| router.merge(file.router()));
        Front { script: self.script.to_owned(), style: self.style.to_owned(), loaded, router }
    }
}

/// Whether pages load this file: not what lies in sub-folders, which is for whoever installs the application; nor compressed
/// copies, nor types for programmers.
fn is_loaded(path: &str) -> bool {
    let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte));
    path.matches('/').count() == 2 && plain && ![".br", ".gz", ".ts"].iter().any(|end| path.ends_with(end))
}

fn digest(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}
