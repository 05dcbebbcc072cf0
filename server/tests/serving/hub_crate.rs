//! The hub's own client for Rust, the crate `hf-hub`, with nothing but its address changed.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use fault_proxy::{Config, Proxy, Rules};
use hf_hub::api::sync::{ApiBuilder, ApiRepo};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::folder::{Folder, noise, sha256, until};
use crate::program::{PIECE, Program};

/// The model `o/n`, as the client sees it. What it brings it keeps beside the models.
fn model(address: &str, folder: &Folder) -> ApiRepo {
    let api = ApiBuilder::new()
        .with_endpoint(format!("http://{address}"))
        .with_cache_dir(folder.beside("cache"))
        .with_progress(false)
        .with_token(None)
        .build();
    api.unwrap().model("o/n".to_owned())
}

/// The address of a slow link to the program, which is there for as long as the runtime is.
fn slow_link(runtime: &Runtime, program: &Program) -> SocketAddr {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config {
        upstream: format!("http://{}", program.address()).parse().unwrap(),
        listen: any,
        control: any,
        rules: Rules::from_json(br#"[{"bytes_per_second": 1000000}]"#).unwrap(),
    };
    runtime.block_on(Proxy::start(config)).unwrap().address()
}

#[test]
fn the_rust_client_of_the_hub_lists_a_model_and_brings_its_files() {
    let folder = Folder::new();
    let files = [("config.json", b"{\"a\": 1}".to_vec()), ("sub/model.bin", noise(1, 5 * PIECE + 7))];
    for (path, bytes) in &files {
        folder.put(&format!("o/n/{path}"), bytes);
    }
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    let model = model(program.address(), &folder);
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

/// Variables are a process's: the client runs in one of its own, which is this test once more.
#[test]
fn the_rust_client_of_the_hub_takes_the_address_from_its_variable() {
    if env::var_os("CLIENT_OF_THIS_TEST").is_some() {
        let api = ApiBuilder::from_env().with_progress(false).build().unwrap();
        let brought = api.model("o/n".to_owned()).get("config.json").unwrap();
        assert_eq!(fs::read(brought).unwrap(), b"{}");
        return;
    }
    let folder = Folder::new();
    folder.put("o/n/config.json", b"{}");
    let log = folder.beside("access.log");
    let program = Program::start(&folder, &["--access-log", log.to_str().unwrap()]);
    program.settle(&folder);
    let name = "hub_crate::the_rust_client_of_the_hub_takes_the_address_from_its_variable";
    let client = Command::new(env::current_exe().unwrap())
        .args(["--exact", name])
        .env("CLIENT_OF_THIS_TEST", "")
        .env("HF_ENDPOINT", format!("http://{}", program.address()))
        .env("HF_HOME", folder.beside("home"))
        .output()
        .unwrap();
    assert!(client.status.success(), "{client:?}");
    until("a line about it", || fs::read_to_string(&log).unwrap().contains("/config.json").then_some(()));
}

#[test]
fn the_rust_client_of_the_hub_goes_on_where_a_server_that_went_left_it() {
    let folder = Folder::new();
    // More than may still come when the server has gone: what is in the buffers of both connections.
    let bytes = noise(1, 16 << 20);
    folder.put("o/n/model.bin", &bytes);
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    let link = Runtime::new().unwrap();
    let first = model(&slow_link(&link, &program).to_string(), &folder);
    let downloading = thread::spawn(move || first.get("model.bin"));
    let blobs = folder.beside("cache").join("models--o--n/blobs");
    let part = until("a part of the file", || {
        let entries = fs::read_dir(&blobs).ok()?.map(|entry| entry.unwrap().path());
        let grown = |path: &PathBuf| {
            path.extension().is_some_and(|name| name == "part")
                && fs::metadata(path).is_ok_and(|of| of.len() > 0)
        };
        entries.into_iter().find(grown)
    });
    drop(program);
    downloading.join().unwrap().unwrap_err();
    let kept = fs::metadata(part).unwrap().len();
    assert!(kept < bytes.len() as u64);

    let log = folder.beside("access.log");
    let program = Program::start(&folder, &["--access-log", log.to_str().unwrap()]);
    program.settle(&folder);
    let brought = model(program.address(), &folder).get("model.bin").unwrap();
    assert_eq!(sha256(&fs::read(brought).unwrap()), sha256(&bytes));
    // A line is written when its answer is sent, which the client may know first.
    until("the rest to be logged", || {
        let lines = fs::read_to_string(&log).unwrap();
        let mut ranges =
            lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["range"].clone());
        let rest = format!("bytes={kept}-");
        ranges.find(|range| range.as_str().is_some_and(|range| range.starts_with(&rest)))
    });
}
