//! A nested cargo, which compiles for the browser. It must not inherit what the outer one was told for its own target:
//! flags, wrappers (clippy is one) and per-crate variables.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Result;
use super::artefact::Artefact;

/// What cargo is told of the world instead of the target, and what a nested one needs too: where its files are, how
/// it reaches the network, and which registries stand in for others.
const ABOUT_THE_WORLD: [&str; 4] = ["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_"];

/// What came of it.
pub(crate) struct Built {
    pub wasm: PathBuf,
    /// The list of the source files, as a rule of make.
    pub sources: PathBuf,
}

pub(crate) fn compile(artefact: &Artefact, root: &Path, out: &Path) -> Result<Built> {
    let Artefact { package, profiles, rustflags, .. } = artefact;
    let profile = profiles.here();
    let target = target_directory(artefact, out);
    let mut cargo = Command::new(env::var_os("CARGO").ok_or("CARGO is not set")?);
    cargo
        .current_dir(root)
        .args(["build", "--package", package, "--target", "wasm32-unknown-unknown"])
        // The program is made of exactly what was reviewed, as the server is.
        .args(["--locked", "--profile", profile, "--target-dir"])
        .arg(&target);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let world = text == "CARGO_HOME" || ABOUT_THE_WORLD.iter().any(|prefix| text.starts_with(prefix));
        let foreign = text.starts_with("CARGO_") && !world
            || text.starts_with("RUSTC")
            || text == "RUSTFLAGS"
            || text == "RUSTDOCFLAGS"
            || text.starts_with("LEPTOS_");
        if foreign {
            cargo.env_remove(&name);
        }
    }
    if !rustflags.is_empty() {
        cargo.env("CARGO_ENCODED_RUSTFLAGS", rustflags.join("\x1f"));
    }
    let output = cargo.output()?;
    if !output.status.success() {
        let messages = String::from_utf8_lossy(&output.stderr);
        if messages.contains("--locked was passed") {
            let advice = "bring it up to date with `cargo update --workspace`";
            return Err(format!("Cargo.lock does not fit the crate {package}; {advice}:\n{messages}").into());
        }
        return Err(format!("the crate {package} does not compile:\n{messages}").into());
    }
    let made = target.join("wasm32-unknown-unknown").join(profile).join(package.replace('-', "_"));
    Ok(Built { wasm: made.with_extension("wasm"), sources: made.with_extension("d") })
}

/// Its own, since the outer cargo holds the lock of the usual one. Beside the build folders of debug or release, so that
/// it is kept between builds; or above them.
fn target_directory(artefact: &Artefact, out: &Path) -> PathBuf {
    let up = if artefact.profiles.are_one() { 4 } else { 3 };
    out.ancestors().nth(up).unwrap_or(out).join(format!("{}-target", artefact.package))
}
