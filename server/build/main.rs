//! Compiles the programs that run in a browser beside the pages to WebAssembly, and packs them into what the server
//! embeds. Each is described here and nowhere else; `cargo leptos` builds the pages' own.

mod artefact;
mod bind;
mod compile;
mod names;
mod pack;
mod shrink;
mod sources;

use std::error::Error;
use std::path::{Path, PathBuf};

use artefact::{Artefact, FAST, Packing, SMALL};

const ARTEFACTS: [Artefact; 3] = [
    Artefact { package: "service-worker", profiles: SMALL, rustflags: &[], packing: Packing::Script },
    Artefact {
        package: "module",
        profiles: SMALL,
        rustflags: &[],
        packing: Packing::Files { folder: "module", entry: "module/modelferry.js" },
    },
    Artefact {
        package: "inference-worker",
        profiles: FAST,
        rustflags: &["-Ctarget-feature=+simd128"],
        packing: Packing::Files { folder: "inference", entry: "inference-worker/inference-worker.js" },
    },
];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the server has no workspace")?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    for artefact in &ARTEFACTS {
        let built = compile::compile(artefact, root, &out)?;
        sources::watch(&built.sources, root)?;
        let mut bound = bind::bind(artefact, &built.wasm)?;
        names::number(&mut bound);
        if artefact::is_release() {
            bound.wasm = shrink::shrink(artefact, &bound.wasm, root, &out)?;
        }
        pack::pack(artefact, &bound, root, &out)?;
    }
    Ok(())
}
