//! Connects compiled WebAssembly to JavaScript. It uses the library of wasm-bindgen's command-line program,
//! so its version always fits the crates.

use std::path::Path;

use wasm_bindgen_cli_support::Bindgen;

use super::Result;
use super::artefact::{Artefact, Packing};

/// The two halves of a program.
pub(crate) struct Bound {
    pub wasm: Vec<u8>,
    pub glue: String,
}

pub(crate) fn bind(artefact: &Artefact, wasm: &Path) -> Result<Bound> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        // Where the WebAssembly is, is decided by who packs it.
        .omit_default_module_path(true);
    match artefact.packing {
        Packing::Script => bindgen.no_modules(true)?,
        Packing::Files { .. } | Packing::Pages { .. } => bindgen.web(true)?,
    };
    let mut bindings = bindgen.generate_output()?;
    if bindings.snippets().values().any(|snippets| !snippets.is_empty())
        || !bindings.local_modules().is_empty()
    {
        return Err(
            format!("{} brings JavaScript of its own, which nothing here packs", artefact.package).into()
        );
    }
    Ok(Bound { wasm: bindings.wasm_mut().emit_wasm(), glue: slim(bindings.js()) })
}

/// Without indentation and comments. The generated code has no text of several lines in which they would count.
fn slim(glue: &str) -> String {
    let lines = glue.lines().map(str::trim_start);
    let code = lines.filter(|line| {
        !["//", "/*", "* ", "*/"].iter().any(|mark| line.starts_with(mark)) && !line.is_empty()
    });
    code.collect::<Vec<_>>().join("\n")
}
