//! Tests of command lines, environments and configuration files.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::flags::PIECE_SIZE;
use super::{Config, Task, TlsFiles};

fn task(args: &[&str]) -> Result<Task, String> {
    let args = std::iter::once(&"modelferry").chain(args).map(OsString::from);
    Task::parse(args.collect()).map_err(|error| error.to_string())
}

fn parse(args: &[&str]) -> Result<Config, String> {
    match task(args)? {
        Task::Serve(config) => Ok(*config),
        Task::Print(text) => panic!("{text}"),
    }
}

fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("modelferry.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn defaults_are_as_documented() {
    let config = parse(&[]).unwrap();
    assert_eq!(config.models, PathBuf::from("models"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(config.piece_size, 33_554_432);
    assert_eq!(config.rescan, Duration::from_secs(2));
}

#[test]
fn a_bad_value_is_named_with_its_flag() {
    for (flag, value) in [
        ("--piece-size", "65535"),
        ("--piece-size", "268435457"),
        ("--piece-size", "32M"),
        ("--listen", "localhost"),
        ("--rescan-seconds", "0"),
        ("--rescan-seconds", "NaN"),
        ("--max-connections", "0"),
        ("--stall-seconds", "0"),
        ("--least-rate", "fast"),
        ("--allow-origin", "example.org"),
        ("--page-isolation", "on"),
        ("--log", "server=loud"),
    ] {
        let error = parse(&[flag, value]).unwrap_err();
        assert!(error.contains(flag) && error.contains(value), "{error}");
    }
    assert_eq!(parse(&["--piece-size", "65536"]).unwrap().piece_size, 65_536);
    for flag in ["--listen", "--metrics-listen"] {
        let error = parse(&[flag, "localhost:1"]).unwrap_err();
        assert!(error.contains("such as 127.0.0.1:3000"), "{error}");
    }
}

#[test]
fn what_goes_together_is_asked_for_together() {
    let error = parse(&["--tls-cert", "c"]).unwrap_err();
    assert!(error.contains("tls-key"), "{error}");
    let (_folder, path) = file("tls-key = \"k\"");
    let error = parse(&["--config", &path]).unwrap_err();
    assert!(error.contains("tls-cert"), "{error}");
    let tls = parse(&["--config", &path, "--tls-cert", "c"]).unwrap().tls;
    assert_eq!(tls, Some(TlsFiles { cert: "c".into(), key: "k".into() }));
}

#[test]
fn a_file_goes_before_defaults_and_flags_go_before_a_file() {
    let (_folder, path) = file("listen = \"[::1]:1\"\nrescan-seconds = 7\nleast-rate = 0x10\n");
    let config = parse(&["--config", &path, "--rescan-seconds", "8"]).unwrap();
    assert_eq!(config.listen.to_string(), "[::1]:1");
    assert_eq!(config.rescan, Duration::from_secs(8));
    assert_eq!(config.limits.least_rate, 16);
    assert_eq!(config.piece_size, PIECE_SIZE);
}

#[test]
fn every_mistake_in_a_file_is_named_with_its_line() {
    for (text, expected) in [
        (
            "# models\nlisten = \"localhost\"",
            ":2: `listen`: \"localhost\" is not taken (expected an IP address and a port, such as 127.0.0.1:3000",
        ),
        ("\n\npiece-size = 5", ":3: `piece-size`: 5 is not taken (5 is not in 65536..=268435456)"),
        ("stall-seconds = 0", ":1: `stall-seconds`: 0 is not taken (expected seconds from 0.01 to 86400)"),
        ("log-format = \"xml\"", ":1: `log-format`: \"xml\" is not taken (it may be human, json)"),
        ("log = \"server=loud\"", ":1: `log`: \"server=loud\" is not taken (error parsing level filter"),
        ("piece-sice = 5", ":1: there is no setting `piece-sice`; did you mean `piece-size`?"),
        ("xyz = 5", ":1: there is no setting `xyz`; see --help"),
        ("config = \"x\"", ":1: there is no setting `config`"),
        ("[limits]\nhead-seconds = 5", ":1: there is no setting `limits`"),
        ("site = 1979-05-27", ":1: `site`: a datetime is not taken"),
        ("site = [\"a\"]", ":1: `site`: an array is not taken"),
        ("models = 'a'\nmodels = 'b'", ":2: this is no TOML (duplicate key)"),
        ("models = 'a'\nlisten 5", ":2: this is no TOML"),
    ] {
        let (_folder, path) = file(text);
        let error = parse(&["--config", &path]).unwrap_err();
        let expected = format!("{path}{expected}");
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
    let error = parse(&["--config", "/nonexistent/modelferry.toml"]).unwrap_err();
    assert!(error.contains("/nonexistent/modelferry.toml"), "{error}");
}

#[test]
fn what_is_printed_is_a_file_that_says_the_same() {
    let (_folder, path) = file("stall-seconds = 7.5\naccess-log = \"a \\\"b\\\"\"\n");
    let Task::Print(text) = task(&["--config", &path, "--print-config", "--listen", "[::1]:1"]).unwrap()
    else {
        panic!("nothing printed");
    };
    for line in [
        "stall-seconds = 7.5  # from the file",
        "listen = \"[::1]:1\"  # from the command line",
        "piece-size = 33554432  # default",
        "access-log = 'a \"b\"'  # from the file",
        "# tls-cert =",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let (_folder, printed) = file(&text);
    let (once, again) = (parse(&["--config", &path, "--listen", "[::1]:1"]), parse(&["--config", &printed]));
    assert_eq!(format!("{once:?}"), format!("{again:?}"));
}
