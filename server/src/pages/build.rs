//! Which build of the pages this server has, for the worker that keeps them: a name that changes with any of their files, and
//! what to keep from the start.

use std::fs;
use std::path::Path;

use protocol::{Digest, routes};
use sha2::{Digest as _, Sha256};

use crate::routes::ProgramParts;

/// A build of the pages and of the programs that they load.
pub(super) struct Build {
    /// What its answers carry, so that the worker keeps them with this build and nothing else.
    pub name: String,
    /// The line before the worker's script that tells it, as a global variable: a list of the name, of the files that all
    /// pages load, and, for each program, of its files and its entry last.
    ///
    /// The digests of the files are in the name, so that the script is another one for every build of the pages: the
    /// browser's own byte comparison finds it.
    pub preamble: String,
}

impl Build {
    pub(super) fn new(site: &Path, programs: &[ProgramParts]) -> Self {
        let mut files: Vec<_> =
            [super::PKG, super::built::ASSETS].iter().flat_map(|name| in_folder(site, name)).collect();
        files.sort_unstable();
        let mut all = Sha256::new();
        for (path, digest) in &files {
            all.update(format!("{path} {digest}\n"));
        }
        let mut items: Vec<String> = Vec::new();
        let files = files.into_iter().map(|(path, _)| path).chain([routes::WEB_MANIFEST.to_owned()]);
        items.push(list(files));
        for program in programs {
            let paths = list(program.paths.iter().map(ToString::to_string));
            // Its files are named by what is in them.
            all.update(format!("{paths}\n"));
            all.update(Sha256::digest(program.entry));
            items.push(paths);
        }
        let mut name = Digest::from_bytes(all.finalize().into()).to_string();
        name.truncate(16);
        let preamble = format!("self.modelferry = [\"{name}\", {}];\n", items.join(", "));
        Self { name, preamble }
    }
}

/// An array of JavaScript. The paths are of characters that mean nothing in a string literal.
fn list(paths: impl Iterator<Item = String>) -> String {
    format!("[\"{}\"]", paths.collect::<Vec<_>>().join("\", \""))
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

    fn program(paths: &[&'static str]) -> ProgramParts {
        ProgramParts { paths: paths.to_vec(), entry: b"entry" }
    }

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
        let build = || Build::new(folder.path(), &[program(&["/inference/a.wasm", "/inference-worker.js"])]);
        let first = build();
        assert_eq!(first.name.len(), 16);
        assert_eq!(
            first.preamble,
            format!(
                "self.modelferry = [\"{}\", \
                 [\"/assets/icon.svg\", \"/pkg/modelferry.abc.js\", \"/manifest.webmanifest\"], \
                 [\"/inference/a.wasm\", \"/inference-worker.js\"]];\n",
                first.name
            )
        );
        assert_eq!(build().preamble, first.preamble);
        put("pkg/modelferry.abc.js", "two");
        assert_ne!(build().name, first.name);
    }

    #[test]
    fn another_program_is_another_build() {
        let nothing = Path::new("/does/not/exist");
        let first = Build::new(nothing, &[program(&["/inference/a.wasm", "/inference-worker.js"])]);
        let another_file = Build::new(nothing, &[program(&["/inference/b.wasm", "/inference-worker.js"])]);
        assert_ne!(another_file.name, first.name);
        let mut entry = program(&["/inference/a.wasm", "/inference-worker.js"]);
        entry.entry = b"another";
        assert_ne!(Build::new(nothing, &[entry]).name, first.name);
    }

    #[test]
    fn without_a_built_site_there_is_no_file_of_it() {
        let build = Build::new(Path::new("/does/not/exist"), &[]);
        assert!(build.preamble.ends_with("\", [\"/manifest.webmanifest\"]];\n"), "{}", build.preamble);
    }
}
