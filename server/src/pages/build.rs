//! Which build of the pages this server has, for the worker that keeps them: a name that changes with any of their files, and
//! what to keep from the start.

use std::fs;
use std::path::Path;

use protocol::{Digest, routes};
use sha2::{Digest as _, Sha256};

/// The line before the worker's script that tells it, as a global variable: a list.
///
/// The digests of the files are in it, so that the script is another one for every build of the pages: the browser's own byte
/// comparison finds it.
pub(super) fn preamble(site: &Path) -> String {
    let mut files: Vec<_> =
        [super::PKG, super::built::ASSETS].iter().flat_map(|name| in_folder(site, name)).collect();
    files.sort_unstable();
    let mut all = Sha256::new();
    for (path, digest) in &files {
        all.update(format!("{path} {digest}\n"));
    }
    let name = Digest::from_bytes(all.finalize().into()).to_string();
    // In this order they are fetched: no page is kept before what it loads.
    let pages = [routes::WEB_MANIFEST, routes::CATALOGUE, routes::OFFLINE].map(str::to_owned);
    let lines: Vec<_> = [name[..16].to_owned()]
        .into_iter()
        .chain(files.into_iter().map(|(path, _)| path))
        .chain(pages)
        .collect();
    // Of characters that mean nothing in a string literal.
    format!("self.modelferry = [\"{}\"];\n", lines.join("\", \""))
}

/// What lies directly in a folder, with its digest. Sub-folders hold what no page loads.
fn in_folder(site: &Path, name: &str) -> Vec<(String, Digest)> {
    let Ok(entries) = fs::read_dir(site.join(name)) else {
        // Warned of elsewhere: the pages are not built.
        return Vec::new();
    };
    let files = entries.flatten().filter_map(|entry| {
        let file = entry.file_name().into_string().ok().filter(|file| is_loaded(file))?;
        let bytes = fs::read(entry.path()).ok()?;
        Some((format!("/{name}/{file}"), Digest::from_bytes(Sha256::digest(bytes).into())))
    });
    files.collect()
}

/// Neither compressed copies, nor types for those who program. Whoever builds the pages uses no other characters.
fn is_loaded(file: &str) -> bool {
    let plain = file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    plain && ![".br", ".gz", ".ts"].iter().any(|end| file.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preamble_changes_with_any_file_and_names_what_pages_load() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("pkg/modelferry.abc.js", "one");
        put("pkg/modelferry.abc.js.br", "packed");
        put("pkg/modelferry.d.abc.ts", "types");
        put("assets/icon.svg", "<svg/>");
        put("assets/install/wide.png", "large");
        let first = preamble(folder.path());
        let (name, paths) =
            first.strip_prefix("self.modelferry = [\"").unwrap().split_once("\", \"").unwrap();
        assert_eq!(name.len(), 16);
        assert_eq!(
            paths,
            "/assets/icon.svg\", \"/pkg/modelferry.abc.js\", \"/manifest.webmanifest\", \"/\", \"/offline\"];\n"
        );
        assert_eq!(preamble(folder.path()), first);
        put("pkg/modelferry.abc.js", "two");
        assert_ne!(preamble(folder.path()), first);
    }

    #[test]
    fn without_a_built_site_there_are_the_pages_alone() {
        let paths = preamble(Path::new("/does/not/exist"));
        assert!(paths.ends_with("\", \"/manifest.webmanifest\", \"/\", \"/offline\"];\n"), "{paths}");
    }
}
