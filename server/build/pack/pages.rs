//! The files that all pages load, with URLs as `cargo leptos` makes them: `/pkg/modelferry.<digest>.js`,
//! `.wasm` and `.css`. Pictures keep their names.

use std::fs;
use std::path::{Path, PathBuf};

use super::embed::{File, short_digest};
use crate::Result;
use crate::bind::Bound;

/// What their names begin with; the same as `output-name` in the workspace's manifest.
const NAME: &str = "modelferry";

/// Writes them, and the Rust expression that describes them to the server: `OUT_DIR/<package>.rs`.
pub(super) fn pages(
    package: &str,
    style: &str,
    assets: &str,
    bound: &Bound,
    root: &Path,
    out: &Path,
) -> Result<()> {
    let place = out.join(package);
    // What was made before has other names.
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    let style = read(&root.join(style))?;
    let (glue, wasm) = (bound.glue.as_bytes(), &bound.wasm[..]);
    // Leptos gives script and WebAssembly the same name.
    let script = format!("{NAME}.{}", short_digest([glue, wasm]));
    let style_path = format!("/pkg/{NAME}.{}.css", short_digest([&style[..]]));
    let mut described = String::new();
    for (path, bytes) in [
        (format!("/pkg/{script}.js"), glue),
        (format!("/pkg/{script}.wasm"), wasm),
        (style_path.clone(), &style),
    ] {
        let file = File { media_type: media_type(&path)?, path, immutable: true, bytes };
        described.push_str(&file.embed(&place)?);
    }
    let folder = root.join(assets);
    let above = folder.parent().unwrap_or(root);
    for source in files_below(&folder)? {
        let path = source.strip_prefix(above)?.to_str().ok_or("a name that is not Unicode")?;
        let file = File {
            media_type: media_type(path)?,
            path: format!("/{path}"),
            immutable: false,
            bytes: &read(&source)?,
        };
        described.push_str(&file.embed(&place)?);
    }
    let embedded =
        format!("Some(Embedded {{ script: {script:?}, style: {style_path:?}, files: &[\n{described}] }})\n");
    fs::write(out.join(package).with_extension("rs"), embedded)?;
    Ok(())
}

/// Reads a source file, and has cargo watch it.
fn read(path: &Path) -> Result<Vec<u8>> {
    println!("cargo::rerun-if-changed={}", path.display());
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// All files in a folder and the folders in it, in order. Cargo watches the folders for others.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            files.extend(files_below(&entry)?);
        } else {
            files.push(entry);
        }
    }
    Ok(files)
}

fn media_type(path: &str) -> Result<&'static str> {
    Ok(match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => return Err(format!("{path}: no media type is known for it").into()),
    })
}
