//! Turns a program into files that the server embeds.

mod embed;
mod files;
mod pages;
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
        Packing::Pages { style, assets } => pages::pages(package, style, assets, bound, root, out)?,
    }
    Ok(())
}

/// What the server embeds in place of pages that it does not embed.
pub(crate) fn leave_out(artefact: &Artefact, out: &Path) -> Result<()> {
    fs::write(out.join(artefact.package).with_extension("rs"), "None")?;
    Ok(())
}
