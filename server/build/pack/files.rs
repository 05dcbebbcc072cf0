//! An entry at a stable URL, and the files that it loads. Their names contain digests, so browsers may
//! cache them forever.

use std::fs;
use std::path::Path;

use super::embed::{File, short_digest};
use crate::Result;
use crate::bind::Bound;

/// What the entry calls the two files.
const GLUE: &str = "GLUE.js";
const PROGRAM: &str = "PROGRAM.wasm";

/// Writes them, and the Rust expression that describes them to the server: `OUT_DIR/<package>.rs`.
pub(super) fn files(
    package: &str,
    folder: &str,
    entry: &str,
    bound: &Bound,
    root: &Path,
    out: &Path,
) -> Result<()> {
    let entry = root.join(entry);
    println!("cargo::rerun-if-changed={}", entry.display());
    let mut text = fs::read_to_string(&entry)?;
    let place = out.join(package);
    // What was made before has other names.
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    let mut described = String::new();
    let made = [
        (GLUE, "js", "text/javascript; charset=utf-8", bound.glue.as_bytes()),
        (PROGRAM, "wasm", "application/wasm", &bound.wasm[..]),
    ];
    for (placeholder, extension, media_type, bytes) in made {
        let name = format!("{}.{extension}", short_digest([bytes]));
        if !text.contains(placeholder) {
            return Err(format!("{} does not load {placeholder}", entry.display()).into());
        }
        text = text.replace(placeholder, &name);
        let file = File { path: format!("/{folder}/{name}"), media_type, immutable: true, bytes };
        described.push_str(&file.embed(&place)?);
    }
    let entry = place.join("entry.js");
    fs::write(&entry, text)?;
    let packed = format!("Packed {{ entry: include_bytes!({entry:?}), files: &[\n{described}] }}\n");
    fs::write(out.join(package).with_extension("rs"), packed)?;
    Ok(())
}
