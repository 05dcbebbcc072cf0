//! Shrinks a program with `wasm-opt`, after it is connected to JavaScript. This takes seconds, so it runs
//! only in release builds, and only if the program has changed.
//!
//! It requires the version that `package.json` names, so that the result does not depend on the machine
//! that builds. (The worker becomes 1.5 KB smaller as sent, and an eighth smaller in memory.)

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Result;
use super::artefact::Artefact;

pub(crate) fn shrink(artefact: &Artefact, wasm: &[u8], root: &Path, out: &Path) -> Result<Vec<u8>> {
    let version = version(root)?;
    let optimizer = optimizer(root, &version)?;
    let named = |what: &str| {
        out.join(format!("{}.{what}{}-{version}.wasm", artefact.package, artefact.profiles.wasm_opt))
    };
    let (whole, from, to) = (named("whole"), named("new"), named("shrunk"));
    if fs::read(&whole).is_ok_and(|before| before == wasm)
        && let Ok(shrunk) = fs::read(&to)
    {
        return Ok(shrunk);
    }
    fs::write(&from, wasm)?;
    // A build may be ended at any time, and the next one believes what it finds: that this one is the input of that output.
    if whole.exists() {
        fs::remove_file(&whole)?;
    }
    // It reads from the program itself which features of WebAssembly it may use.
    let output =
        Command::new(&optimizer).arg(artefact.profiles.wasm_opt).arg(&from).arg("-o").arg(&to).output()?;
    if !output.status.success() {
        return Err(format!("wasm-opt failed:\n{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    fs::rename(&from, &whole)?;
    Ok(fs::read(&to)?)
}

/// The version that is wanted.
fn version(root: &Path) -> Result<String> {
    let package = root.join("package.json");
    println!("cargo::rerun-if-changed={}", package.display());
    let text = fs::read_to_string(&package)?;
    let wanted = text.split_once("\"binaryen\": \"").and_then(|(_, rest)| rest.split_once('.'));
    Ok(wanted.ok_or("package.json names no version of binaryen")?.0.to_owned())
}

/// Where it is, if it is the right one: in the folder of npm, or on the `PATH`.
fn optimizer(root: &Path, wanted: &str) -> Result<PathBuf> {
    let own = root.join("node_modules/.bin/wasm-opt");
    let optimizer = if own.exists() { own } else { PathBuf::from("wasm-opt") };
    let asked = Command::new(&optimizer).arg("--version").output();
    // "wasm-opt version 132 (version_132)"
    let said = asked.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match said {
        Ok(said) if said.split_whitespace().nth(2) == Some(wanted) => Ok(optimizer),
        Ok(said) => Err(advice(wanted, &format!("here is \"{said}\""))),
        Err(error) => Err(advice(wanted, &error.to_string())),
    }
}

fn advice(wanted: &str, found: &str) -> Box<dyn std::error::Error> {
    format!(
        "a release build needs wasm-opt {wanted}, and {found}. `./scripts/build` brings it and builds; `npm ci` in the root \
         of the workspace brings it alone"
    )
    .into()
}
