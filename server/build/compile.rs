//! Runs a nested cargo, which compiles for the browser. It must not inherit the outer cargo's flags,
//! wrappers (clippy is one) and per-crate variables, which are for another target.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Result;
use super::artefact::Artefact;

/// Variables that configure cargo's environment and not the target. A nested cargo needs them too: for the
/// network, and for registries that replace others.
const ABOUT_THE_WORLD: [&str; 4] = ["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_"];

/// What came of one program.
pub(crate) struct Built<'a> {
    pub artefact: &'a Artefact,
    pub wasm: PathBuf,
    /// The list of the source files, as a rule of make.
    pub sources: PathBuf,
}

/// Compiles programs that are alike.
pub(crate) fn compile<'a>(artefacts: &[&'a Artefact], root: &Path, out: &Path) -> Result<Vec<Built<'a>>> {
    let Some(Artefact { profiles, rustflags, .. }) = artefacts.first() else { return Ok(Vec::new()) };
    let profile = profiles.here();
    let target = target_directory(out);
    let mut cargo = Command::new(env::var_os("CARGO").ok_or("CARGO is not set")?);
    cargo
        .current_dir(root)
        .args(["build", "--target", "wasm32-unknown-unknown"])
        .args(artefacts.iter().flat_map(|artefact| ["--package", artefact.package]))
        // The program is made of exactly what was reviewed, as the server is.
        .args(["--locked", "--profile", profile, "--target-dir"])
        .arg(&target);
    if let Some(jobs) = env::var_os("NUM_JOBS") {
        cargo.arg("--jobs").arg(jobs);
    }
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let world = text == "CARGO_HOME" || ABOUT_THE_WORLD.iter().any(|prefix| text.starts_with(prefix));
        let foreign = text.starts_with("CARGO_") && !world
            || text.starts_with("RUSTC")
            || text == "RUSTFLAGS"
            || text == "RUSTDOCFLAGS"
            // `.cargo/config.toml` sets the one that counts.
            || text.starts_with("LEPTOS_");
        if foreign {
            cargo.env_remove(&name);
        }
    }
    // Set even if it is empty, because it overrides the user's own configuration for all programs.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", rustflags.join("\x1f"));
    let output = cargo.output()?;
    if !output.status.success() {
        let messages = String::from_utf8_lossy(&output.stderr);
        let packages = artefacts.iter().map(|artefact| artefact.package).collect::<Vec<_>>().join(", ");
        if messages.contains("--locked was passed") {
            let advice = "bring it up to date with `cargo update --workspace`";
            return Err(
                format!("Cargo.lock does not fit the crates {packages}; {advice}:\n{messages}").into()
            );
        }
        return Err(format!("not all of the crates {packages} compile:\n{messages}").into());
    }
    let folder = target.join("wasm32-unknown-unknown").join(profile);
    let built = artefacts.iter().map(|artefact| {
        let made = folder.join(artefact.package.replace('-', "_"));
        Built { artefact, wasm: made.with_extension("wasm"), sources: made.with_extension("d") }
    });
    Ok(built.collect())
}

/// One for all programs and for debug and release builds of the server: beside `target/debug` and `target/release`, whose
/// locks the outer cargo holds.
fn target_directory(out: &Path) -> PathBuf {
    // <target>/release/build/server-0123456789abcdef/out
    out.ancestors().nth(4).unwrap_or(out).join("browser")
}
