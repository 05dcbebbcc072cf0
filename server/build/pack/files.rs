//! An entry at a stable URL, and what it loads: files that are named by their content, so that they can be kept for ever.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use brotli::enc::BrotliEncoderParams;
use sha2::{Digest as _, Sha256};

use crate::Result;
use crate::artefact::is_release;
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
        let name = format!("{}.{extension}", short_digest(bytes));
        if !text.contains(placeholder) {
            return Err(format!("{} does not load {placeholder}", entry.display()).into());
        }
        text = text.replace(placeholder, &name);
        let plain = write(place.join(&name), bytes)?;
        let brotli = write(place.join(format!("{name}.br")), &compressed(bytes)?)?;
        writeln!(
            described,
            "File {{ path: \"/{folder}/{name}\", media_type: \"{media_type}\", \
             plain: include_bytes!({plain:?}), brotli: include_bytes!({brotli:?}) }},"
        )?;
    }
    let entry = write(place.join("entry.js"), text.as_bytes())?;
    let packed = format!("Packed {{ entry: include_bytes!({entry:?}), files: &[\n{described}] }}\n");
    fs::write(out.join(package).with_extension("rs"), packed)?;
    Ok(())
}

fn write(path: PathBuf, bytes: &[u8]) -> Result<PathBuf> {
    fs::write(&path, bytes)?;
    Ok(path)
}

/// Enough to tell builds apart.
fn short_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Once, with all the effort that there is, instead of for every request with little. A debug build is not worth the
/// time.
fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    let quality = if is_release() { 11 } else { 1 };
    let parameters = BrotliEncoderParams { quality, lgwin: 22, size_hint: bytes.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &parameters)?;
    Ok(packed)
}
