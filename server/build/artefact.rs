//! The description of a program that is compiled for the browser.

use std::env;

/// One program.
pub(crate) struct Artefact {
    /// The crate, a library of the type `cdylib`. What is packed is named like it.
    pub package: &'static str,
    /// What it is compiled for.
    pub profiles: Profiles,
    /// Flags of rustc beyond the profile, for example `-Ctarget-feature=+simd128`.
    pub rustflags: &'static [&'static str],
    pub packing: Packing,
}

impl Artefact {
    /// Whether one cargo may compile both.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.profiles.here() == other.profiles.here() && self.rustflags == other.rustflags
    }
}

/// Profiles of the workspace, by what the server is built for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Profiles {
    pub debug: &'static str,
    pub release: &'static str,
    /// How wasm-opt continues after a release build.
    pub wasm_opt: &'static str,
}

/// For what is loaded with a page or a worker: the smallest code in a release build, quickly compiled code in a debug build.
pub(crate) const SMALL: Profiles = Profiles { debug: "wasm-dev", release: "wasm-release", wasm_opt: "-Oz" };

/// For programs that compute: `Cargo.toml` optimizes their hot crates for speed. Slow code would be useless,
/// so debug and release builds share one profile. With `-O3`, wasm-opt would save 2 % more, and take half a
/// minute longer.
pub(crate) const FAST: Profiles =
    Profiles { debug: "wasm-release", release: "wasm-release", wasm_opt: "-O1" };

impl Profiles {
    /// The one for this build of the server.
    pub(crate) fn here(&self) -> &'static str {
        if is_release() { self.release } else { self.debug }
    }
}

/// Whether this server is built to be used.
pub(crate) fn is_release() -> bool {
    env::var("PROFILE").is_ok_and(|profile| profile == "release")
}

/// What is made of the WebAssembly and the JavaScript that connects it to the browser.
pub(crate) enum Packing {
    /// One classic script that contains the WebAssembly, `OUT_DIR/<package>.js`. It is instantiated
    /// synchronously, so that all listeners of a worker are registered in the first evaluation. Script and
    /// WebAssembly cannot disagree, and the browser's own byte comparison finds a new version. It is a
    /// classic script because some Firefox versions have no module service workers.
    Script,
    /// A small script of ours, the entry, which has a stable URL. It loads two files below `/<folder>/`: a
    /// JavaScript module with the exports of wasm-bindgen's target `web`, and the WebAssembly, which is
    /// compiled as it arrives. The names of both contain their digests; the entry has `GLUE.js` and
    /// `PROGRAM.wasm` in their place. The server includes them as `OUT_DIR/<package>.rs`, an expression of
    /// the type `Packed` in `src/routes/packed.rs`.
    Files {
        /// The first segment of their URLs.
        folder: &'static str,
        /// The entry's source, from the root of the workspace.
        entry: &'static str,
    },
    /// What all pages load: a JavaScript module and the WebAssembly, which share one name, a style sheet, and pictures. All but
    /// the pictures are named by their content. The server has them as `OUT_DIR/<package>.rs`, an expression of the type
    /// `Embedded` in `src/pages/front.rs`.
    Pages {
        /// The style sheet's source, from the root of the workspace.
        style: &'static str,
        /// The folder of the pictures, likewise; their URLs begin with its name.
        assets: &'static str,
    },
}
