//! The build of the pages, for the worker that caches them. It has a name that changes with any of the
//! files, and the list of files to cache first.

use protocol::{Digest, routes};
use sha2::{Digest as _, Sha256};

use crate::routes::ProgramParts;

/// A build of the pages and of the programs that they load.
pub(super) struct Build {
    /// What its answers carry, so that the worker keeps them with this build and nothing else.
    pub name: String,
    /// The line before the worker's script, which sets a global variable to a list. The list has the name of
    /// the build, and the files that all pages load. For each program, it has its files, and its entry last.
    ///
    /// The name depends on the digests of the files. The script therefore differs for every build of the
    /// pages, and the browser's own byte comparison detects it.
    pub preamble: String,
}

impl Build {
    /// `files` are those that all pages load, sorted.
    pub(super) fn new(files: &[(String, Digest)], programs: &[ProgramParts]) -> Self {
        let mut all = Sha256::new();
        for (path, digest) in files {
            all.update(format!("{path} {digest}\n"));
        }
        let mut items: Vec<String> = Vec::new();
        let files = files.iter().map(|(path, _)| path.clone()).chain([routes::WEB_MANIFEST.to_owned()]);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn program(paths: &[&'static str]) -> ProgramParts {
        ProgramParts { paths: paths.to_vec(), entry: b"entry" }
    }

    fn files(text: &str) -> Vec<(String, Digest)> {
        let digest = |text: &str| Digest::from_bytes(Sha256::digest(text).into());
        vec![
            ("/assets/icon.svg".to_owned(), digest("<svg/>")),
            ("/pkg/modelferry.abc.js".to_owned(), digest(text)),
        ]
    }

    #[test]
    fn the_preamble_changes_with_any_file_and_names_what_pages_load() {
        let build =
            |text| Build::new(&files(text), &[program(&["/inference/a.wasm", "/inference-worker.js"])]);
        let first = build("one");
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
        assert_eq!(build("one").preamble, first.preamble);
        assert_ne!(build("two").name, first.name);
    }

    #[test]
    fn another_program_is_another_build() {
        let first = Build::new(&[], &[program(&["/inference/a.wasm", "/inference-worker.js"])]);
        let another_file = Build::new(&[], &[program(&["/inference/b.wasm", "/inference-worker.js"])]);
        assert_ne!(another_file.name, first.name);
        let mut entry = program(&["/inference/a.wasm", "/inference-worker.js"]);
        entry.entry = b"another";
        assert_ne!(Build::new(&[], &[entry]).name, first.name);
    }

    #[test]
    fn without_a_built_site_there_is_no_file_of_it() {
        let build = Build::new(&[], &[]);
        assert!(build.preamble.ends_with("\", [\"/manifest.webmanifest\"]];\n"), "{}", build.preamble);
    }
}
