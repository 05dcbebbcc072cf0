//! Compiles the browser programs to WebAssembly, and packs them into files that the server embeds. The
//! constants below describe each program.
//!
//! A debug build leaves out the program of the pages and reads it from a folder, which `cargo leptos watch`
//! keeps up to date.

mod artefact;
mod bind;
mod compile;
mod names;
mod pack;
mod shrink;
mod sources;

use std::error::Error;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use artefact::{Artefact, FAST, Packing, SMALL, is_release};

/// What all pages load.
const FRONTEND: Artefact = Artefact {
    package: "frontend",
    profiles: SMALL,
    rustflags: &[],
    packing: Packing::Pages { style: "style/main.css", assets: "public/assets" },
};

/// What pages and other programs load when they need it.
const OTHERS: [Artefact; 3] = [
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
    let mut artefacts: Vec<_> = OTHERS.iter().collect();
    if is_release() {
        artefacts.push(&FRONTEND);
    } else {
        pack::leave_out(&FRONTEND, &out)?;
    }
    // Programs that are compiled alike are compiled at once, so that their dependencies are compiled once.
    thread::scope(|scope| {
        let mut making = Vec::new();
        while let Some(first) = artefacts.first() {
            let (alike, rest) = artefacts.iter().partition::<Vec<_>, _>(|artefact| artefact.is_like(first));
            for built in compile::compile(&alike, root, &out)? {
                sources::watch(&built.sources, root)?;
                // Beside each other, and beside the next compilation: wasm-opt has one thread.
                let out = &out;
                making.push(scope.spawn(move || {
                    make(built.artefact, &built.wasm, root, out).map_err(|error| error.to_string())
                }));
            }
            artefacts = rest;
        }
        for made in making {
            made.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        }
        Ok(())
    })
}

/// From what the compiler made to what the server embeds.
fn make(artefact: &Artefact, wasm: &Path, root: &Path, out: &Path) -> Result<()> {
    let mut bound = bind::bind(artefact, wasm)?;
    names::number(&mut bound);
    if is_release() {
        bound.wasm = shrink::shrink(artefact, &bound.wasm, root, out)?;
    }
    pack::pack(artefact, &bound, root, out)
}
