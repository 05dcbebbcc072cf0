//! Makes of a program what the server embeds.

mod files;
mod script;

use std::fs;
use std::path::Path;

use super::Result;
use super::artefact::{Artefact, Packing};
use super::bind::Bound;

pub(crate) fn pack(artefact: &Artefact, bound: &Bound, root: &Path, out: &Path) -> Result<()> {
    let package = artefact.package;
    match artefact.packing {
        Packing::Script => fs::write(out.join(package).with_extension("js"), script::script(package, bound))?,
        Packing::Files { folder, entry } => files::files(package, folder, entry, bound, root, out)?,
    }
    Ok(())
}
