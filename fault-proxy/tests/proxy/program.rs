//! The program itself: what it prints, what it refuses, how it ends.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::client::get;
use crate::upstream::{Upstream, file};

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fault-proxy"));
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn it_says_where_it_listens_and_ends_on_a_signal() {
    let upstream = Upstream::start().await;
    let mut child = program(&["--upstream", &format!("http://{}", upstream.address)]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listening = lines.next_line().await.unwrap().unwrap();
    let control = lines.next_line().await.unwrap().unwrap();
    assert!(control.starts_with("control on http://127.0.0.1:"), "{control}");
    let address = listening.strip_prefix("listening on http://").unwrap().parse().unwrap();
    assert!(get(address, "/file", &[]).await.body == file());

    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn wrong_rules_and_flags_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.json");
    std::fs::write(&rules, r#"[{"stall_at": 1}, {"times": 0, "stall_at": 1}]"#).unwrap();
    for (args, said) in [
        (["--upstream", "http://127.0.0.1:1", "--rules", rules.to_str().unwrap()], "rule 1: times: expected"),
        (
            ["--upstream", "http://127.0.0.1:1", "--rules", "/nowhere/rules.json"],
            "/nowhere/rules.json cannot be read",
        ),
        (["--upstream", "https://localhost", "--listen", "127.0.0.1:0"], "expected http://HOST:PORT"),
    ] {
        let output = program(&args).output().await.unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(said), "{error}");
    }
}

#[tokio::test]
async fn the_help_has_an_example_of_every_fault_that_can_be_used_as_it_stands() {
    let output = program(&["--help"]).output().await.unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let examples: Vec<_> = help.lines().map(str::trim).filter(|line| line.starts_with("[{")).collect();
    for fault in [
        "delay_ms",
        "bytes_per_second",
        "cut_at",
        "stall_at",
        "status",
        "corrupt_at",
        "truncate_to",
        "drop_headers",
        "set_headers",
        "gzip",
        "ignore_range",
        "replace",
    ] {
        assert!(examples.iter().any(|example| example.contains(&format!("\"{fault}\":"))), "{fault}");
    }
    for example in examples {
        fault_proxy::Rules::from_json(example.as_bytes()).unwrap();
    }
}
