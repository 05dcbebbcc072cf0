//! The hub's own client for Rust, the crate `hf-hub`, with nothing but its address changed.

use std::fs;

use hf_hub::api::sync::ApiBuilder;

use crate::folder::{Folder, noise, sha256};
use crate::program::{PIECE, Program};

#[test]
fn the_rust_client_of_the_hub_lists_a_model_and_brings_its_files() {
    let folder = Folder::new();
    let files = [("config.json", b"{\"a\": 1}".to_vec()), ("sub/model.bin", noise(1, 5 * PIECE + 7))];
    for (path, bytes) in &files {
        folder.put(&format!("o/n/{path}"), bytes);
    }
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    let api = ApiBuilder::new()
        .with_endpoint(format!("http://{}", program.address()))
        .with_cache_dir(folder.beside("cache"))
        .with_progress(false)
        .with_token(None)
        .build()
        .unwrap();
    let model = api.model("o/n".to_owned());
    let info = model.info().unwrap();
    let listed: Vec<&str> = info.siblings.iter().map(|file| file.rfilename.as_str()).collect();
    assert_eq!(listed, files.each_ref().map(|(path, _)| *path));
    assert_eq!(info.sha, program.get("/api/models/o/n").json()["sha"].as_str().unwrap());
    for (path, bytes) in &files {
        let brought = model.get(path).unwrap();
        assert_eq!(sha256(&fs::read(&brought).unwrap()), sha256(bytes), "{path}");
        // It keeps files by their entity tag, which here says what is in them.
        assert!(fs::canonicalize(brought).unwrap().ends_with(sha256(bytes)), "{path}");
    }
    let missing = model.get("nothing.bin").unwrap_err().to_string();
    assert!(missing.contains("404"), "{missing}");
}
