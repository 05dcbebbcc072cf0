//! Tells cargo which sources a program was made of, so that cargo rebuilds it when one of them changes, and
//! only then.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::Result;

/// Tells cargo what to watch: the sources that the nested cargo lists, the manifests of their crates, and
/// the files that the whole workspace shares. A new source file is always named by an older one.
pub(crate) fn watch(dependency_info: &Path, root: &Path) -> Result<()> {
    let text = fs::read_to_string(dependency_info)?;
    let mut watched: BTreeSet<_> =
        [".cargo/config.toml", "Cargo.lock", "Cargo.toml", "rust-toolchain.toml", "server/build"]
            .map(|path| root.join(path))
            .into();
    for source in sources(&text) {
        let source = Path::new(&source);
        let manifests = source.ancestors().skip(1).map(|folder| folder.join("Cargo.toml"));
        watched
            .extend(manifests.take_while(|manifest| manifest.starts_with(root)).find(|path| path.exists()));
        watched.insert(source.to_owned());
    }
    for path in watched {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    Ok(())
}

/// The prerequisites of the first rule, which is in the form that make reads: spaces in names have a backslash.
fn sources(text: &str) -> Vec<String> {
    let Some((_, prerequisites)) = text.lines().next().and_then(|rule| rule.split_once(": ")) else {
        return Vec::new();
    };
    let marked = prerequisites.replace("\\ ", "\0");
    marked.split_whitespace().map(|source| source.replace('\0', " ")).collect()
}
