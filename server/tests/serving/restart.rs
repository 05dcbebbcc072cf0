//! Starting, starting again, and starting where something is wrong.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::folder::{Folder, noise, until};
use crate::program::{PIECE, Program, command};

fn folder() -> Folder {
    let folder = Folder::new();
    folder.put("o/n/a", &noise(1, 5 * PIECE / 2));
    folder.put("o/n/b", b"1");
    folder.put("o/m/c", b"");
    folder
}

#[test]
fn a_restart_hashes_nothing_and_a_changed_file_alone() {
    let folder = folder();
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    assert_eq!(program.health()["hashed_files"], 3);
    let models = program.get("/api/models").body;
    assert!(program.end().success());

    let program = Program::start(&folder, &[]);
    assert_eq!(program.get("/api/models").body, models, "everything is there from the first moment");
    until("some looks", || (program.health()["scans"].as_u64() > Some(3)).then_some(()));
    assert_eq!(program.health()["hashed_files"], 0);
    assert!(program.end().success());

    folder.put("o/n/b", b"22");
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    assert_eq!(program.health()["hashed_files"], 1);
    assert_ne!(program.get("/api/models").body, models);
}

#[test]
fn a_damaged_index_is_made_again() {
    let folder = folder();
    let place = folder.models().join(".modelferry/index.json");
    fs::create_dir(place.parent().unwrap()).unwrap();
    for damaged in ["", "{", "{\"version\":1,\"piece_size\":65536,\"files\":{\"x\":1}}", "{\"version\":9}"] {
        fs::write(&place, damaged).unwrap();
        let program = Program::start(&folder, &[]);
        program.settle(&folder);
        assert_eq!(program.health()["hashed_files"], 3, "{damaged}");
        assert!(program.log().contains("everything is hashed again"), "{}", program.log());
        assert!(program.end().success());
        assert_ne!(fs::read_to_string(&place).unwrap(), damaged);
    }
}

#[test]
fn a_read_only_folder_is_served() {
    let folder = folder();
    fs::set_permissions(folder.models(), Permissions::from_mode(0o555)).unwrap();
    let program = Program::start_unprivileged(&folder, &[]);
    until("all files hashed", || (program.health()["pending"] == 0).then_some(()));
    assert_eq!(program.health()["models"], 2);
    until("the warning", || program.log().contains("index.json cannot be written").then_some(()));
    fs::set_permissions(folder.models(), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_cannot_be_read_is_reported_until_it_can() {
    let folder = folder();
    let modes = |mode| {
        fs::set_permissions(folder.models().join("o/n/b"), Permissions::from_mode(mode)).unwrap();
        fs::set_permissions(folder.models().join("o/m"), Permissions::from_mode(mode | mode >> 2 & 0o111))
            .unwrap();
    };
    modes(0o000);
    let program = Program::start_unprivileged(&folder, &[]);
    let problems = |program: &Program| {
        let report = program.get("/api/index").json();
        let problems = report["problems"].as_array().unwrap().iter();
        problems.map(|p| p["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    until("both problems", || (problems(&program) == ["o/m", "o/n/b"]).then_some(()));
    until("the rest", || (program.health()["models"] == 1).then_some(()));
    assert!(program.log().contains("\"o/n/b\": this file cannot be read: Permission denied"));
    modes(0o644);
    until("no problem", || problems(&program).is_empty().then_some(()));
    until("everything", || (program.health()["models"] == 2).then_some(()));
    // Taken away again while it is served.
    let info = program.get("/api/models/o/n").json();
    let url = format!("/o/n/resolve/{}/b", info["sha"].as_str().unwrap());
    assert_eq!(program.get(&url).status, 200);
    let models = program.get("/api/models").body;
    modes(0o000);
    assert_eq!(program.get(&url).status, 404);
    until("both problems again", || (problems(&program) == ["o/m", "o/n/b"]).then_some(()));
    assert_eq!(program.get("/api/models").body, models, "what cannot be read was not removed");
    modes(0o644);
    until("no problem again", || problems(&program).is_empty().then_some(()));
    assert_eq!(program.get("/api/models").body, models);
    assert_eq!(program.get(&url).status, 200);
    // Removed, as nobody could say while it was unreadable.
    modes(0o000);
    assert_eq!(program.get(&url).status, 404);
    until("both problems once more", || (problems(&program) == ["o/m", "o/n/b"]).then_some(()));
    fs::remove_file(folder.models().join("o/n/b")).unwrap();
    let sha = |program: &Program| program.get("/api/models/o/n").json()["sha"].clone();
    until("a revision without it", || (sha(&program) != info["sha"]).then_some(()));
}

#[test]
fn a_failed_start_says_why_in_one_sentence() {
    let folder = folder();
    let program = Program::start(&folder, &[]);
    let run = |mut command: Command| {
        let output = command.output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    let with = |flags: &[&str]| {
        let mut command = command();
        command.arg("--models").arg(folder.models()).args(flags);
        command
    };
    let said = run(with(&["--listen", program.address()]));
    let expected = format!(
        "modelferry: another program listens on {} already; stop it, or choose another address with --listen\n",
        program.address()
    );
    assert_eq!(said, expected);

    let mut missing = command();
    missing.args(["--models", "/nonexistent/models", "--listen", "127.0.0.1:0"]);
    let said = run(missing);
    assert!(said.contains("/nonexistent/models") && said.contains("--models"), "{said}");
    assert_eq!(said.lines().count(), 1);

    let mut relative = command();
    relative.current_dir(folder.beside("")).args(["--models", "nowhere", "--listen", "127.0.0.1:0"]);
    let said = run(relative);
    assert!(said.contains(folder.beside("nowhere").to_str().unwrap()), "{said}");

    let said = run(with(&["--access-log", "/nonexistent/log"]));
    assert!(said.contains("/nonexistent/log") && said.contains("--access-log"), "{said}");

    let said = run(with(&["--piece-size", "5"]));
    assert!(said.contains("'5'") && said.contains("--piece-size"), "{said}");

    let mut by_environment = with(&[]);
    by_environment.env("MODELFERRY_PIECE_SIZE", "6");
    assert!(run(by_environment).contains("'6'"));
}
