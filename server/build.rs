//! Compiles the crate `service-worker` to WebAssembly and makes one classic script of it, which the server
//! embeds: `OUT_DIR/service-worker.js`.
//!
//! One script, because then the wasm is instantiated synchronously and every listener is registered in the first
//! evaluation; because script and wasm cannot disagree; and because the browser's own byte comparison is the
//! check for a new version. A classic one, because Firefox has no module service workers everywhere.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use wasm_bindgen_cli_support::Bindgen;

/// What cargo is told of the world instead of the target, and what a nested one needs too: where its files are, how
/// it reaches the network, and which registries stand in for others.
const ABOUT_THE_WORLD: [&str; 4] = ["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_"];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the server has no workspace")?;
    for path in [
        "Cargo.lock",
        "Cargo.toml",
        "rust-toolchain.toml",
        "service-worker",
        "crates/background-fetch/Cargo.toml",
        "crates/background-fetch/src",
        "crates/piece-store/Cargo.toml",
        "crates/piece-store/src",
        "crates/protocol/Cargo.toml",
        "crates/protocol/src",
        "crates/words/Cargo.toml",
        "crates/words/src",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let wasm = compile(root, &out)?;
    fs::write(out.join("service-worker.js"), script(&wasm)?)?;
    Ok(())
}

/// A nested cargo. It must not inherit what the outer one was told for its own target: flags, wrappers (clippy is
/// one) and per-crate variables.
fn compile(root: &Path, out: &Path) -> Result<PathBuf> {
    // A server that is built for speed gets the worker that is built for size.
    let profile = match env::var("PROFILE").as_deref() {
        Ok("release") => "wasm-release",
        _ => "wasm-dev",
    };
    // Its own target directory, since the outer cargo holds the lock of the usual one. Beside OUT_DIR's build
    // folders, so that it is kept between builds.
    let target = out.ancestors().nth(3).unwrap_or(out).join("service-worker-target");
    let mut cargo = Command::new(env::var_os("CARGO").ok_or("CARGO is not set")?);
    cargo
        .current_dir(root)
        .args(["build", "--package", "service-worker", "--target", "wasm32-unknown-unknown"])
        // The worker is made of exactly what was reviewed, as the server is.
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
    let output = cargo.output()?;
    if !output.status.success() {
        let messages = String::from_utf8_lossy(&output.stderr);
        if messages.contains("--locked was passed") {
            let advice = "bring it up to date with `cargo update --workspace`";
            return Err(format!("Cargo.lock does not fit the service worker; {advice}:\n{messages}").into());
        }
        return Err(format!("the service worker does not compile:\n{messages}").into());
    }
    Ok(target.join("wasm32-unknown-unknown").join(profile).join("service_worker.wasm"))
}

fn script(wasm: &Path) -> Result<String> {
    let mut bindings = Bindgen::new()
        .input_path(wasm)
        .no_modules(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(true)
        .generate_output()?;
    let wasm = literal(&bindings.wasm_mut().emit_wasm());
    let glue = slim(bindings.js());
    Ok(format!(
        "// Generated from the crate service-worker.\n\
         {glue}\n\
         {{\n\
         const text = \"{wasm}\";\n\
         const bytes = new Uint8Array(text.length);\n\
         for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);\n\
         wasm_bindgen.initSync({{ module: bytes }});\n\
         }}\n"
    ))
}

/// Without indentation and comments. The generated code has no text of several lines in which they would count.
fn slim(glue: &str) -> String {
    let lines = glue.lines().map(str::trim_start);
    let code = lines.filter(|line| {
        !["//", "/*", "* ", "*/"].iter().any(|mark| line.starts_with(mark)) && !line.is_empty()
    });
    code.collect::<Vec<_>>().join("\n")
}

/// Bytes as the inside of a JavaScript string literal of code units up to U+00FF. Compressed for the wire this
/// is a fifth smaller than base64, which hides the repetitions that compression lives from.
fn literal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3 / 2);
    for (i, byte) in bytes.iter().enumerate() {
        match byte {
            // Before a digit, `\0` would be an octal escape.
            b'\0' if bytes.get(i + 1).is_some_and(u8::is_ascii_digit) => text.push_str("\\x00"),
            b'\0' => text.push_str("\\0"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            other => text.push(char::from(*other)),
        }
    }
    text
}
