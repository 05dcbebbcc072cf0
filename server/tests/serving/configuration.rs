//! The configuration as the program takes it: file, environment, flags, and what the handbook says of them.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::process::Command;

use crate::folder::Folder;
use crate::program::{Program, command};

/// What comes out, if it goes well, else what is complained about.
fn print(folder: &Folder, text: &str, variables: &[(&str, &str)], flags: &[&str]) -> Result<String, String> {
    let path = folder.beside("modelferry.toml");
    fs::write(&path, text).unwrap();
    let mut command = command();
    command.arg("--config").arg(&path).arg("--print-config").args(flags);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        assert!(output.stdout.is_empty());
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let folder = Folder::new();
    let text = "listen = \"127.0.0.1:1\"\nrescan-seconds = 1\nleast-rate = 1\n";
    let variables = [("MODELFERRY_LISTEN", "127.0.0.1:2"), ("MODELFERRY_RESCAN_SECONDS", "2")];
    let printed = print(&folder, text, &variables, &["--listen", "127.0.0.1:3"]).unwrap();
    for line in [
        "listen = \"127.0.0.1:3\"  # from the command line",
        "rescan-seconds = 2  # from the environment",
        "least-rate = 1  # from the file",
        "piece-size = 33554432  # default",
    ] {
        assert!(printed.lines().any(|l| l == line), "{line}\n{printed}");
    }
}

#[test]
fn a_wrong_file_ends_the_start_with_its_name_and_line() {
    let folder = Folder::new();
    let path = folder.beside("modelferry.toml");
    let said = print(&folder, "# a comment\nlisten = \"here\"\n", &[("MODELFERRY_PIECE_SIZE", "70000")], &[]);
    let expected = format!("modelferry: {}:2: `listen`: \"here\" is not taken", path.display());
    assert!(said.as_ref().unwrap_err().starts_with(&expected), "{said:?}");
    // What another source says wrongly is not the file's fault.
    let said = print(&folder, "least-rate = 1\n", &[("MODELFERRY_PIECE_SIZE", "5")], &[]).unwrap_err();
    assert!(said.contains("--piece-size") && !said.contains("modelferry.toml"), "{said}");
}

#[test]
fn a_program_serves_as_a_file_says() {
    let folder = Folder::new();
    let path = folder.beside("modelferry.toml");
    fs::write(&path, "log-format = \"json\"\nlog = \"debug\"\n").unwrap();
    let program = Program::start(&folder, &["--config", path.to_str().unwrap()]);
    assert_eq!(program.health()["status"], "ok");
    crate::folder::until("a line about the request", || {
        let log = program.log();
        let mut lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines
            .find(|line| line["message"] == "answered" && line["path"] == "/healthz" && line["status"] == 200)
    });
}

#[test]
fn the_example_in_the_handbook_is_the_one_that_is_installed_and_names_settings_that_there_are() {
    let read = |path: &str| fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (handbook, installed) = (read("docs/OPERATING.md"), read("packaging/modelferry.toml"));
    let (_, rest) = handbook.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```\n").unwrap();
    assert_eq!(example, installed);
    // Those that are commented out as well.
    let all: String = example
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = \"")).unwrap_or(line))
        .fold(String::new(), |all, line| all + line + "\n");
    let folder = Folder::new();
    let printed = print(&folder, &all, &[], &[]).unwrap();
    assert_eq!(printed.matches("# from the file").count(), 13, "{printed}");
    // Each option has its place in --help and in the handbook.
    let help = command().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for heading in ["Configuration:", "HTTPS:", "Limits:", "Other origins:", "Watching:"] {
        assert!(help.contains(heading), "{help}");
    }
    let words = help.split(|c: char| c != '-' && !c.is_ascii_lowercase());
    let options: BTreeSet<&str> = words.filter(|word| word.starts_with("--") && word.len() > 2).collect();
    assert!(options.len() > 15, "{options:?}");
    for option in options.into_iter().filter(|option| !["--help", "--version"].contains(option)) {
        assert!(handbook.contains(option), "{option} is not in the handbook");
    }
}

#[test]
fn the_script_refuses_unknown_options_before_it_builds() {
    // Where something listens, it ends before it builds in any case.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve = |arguments: &[&str]| {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/serve"));
        command.args(arguments).env("MODELFERRY_LISTEN", &address).env_remove("MODELFERRY_CONFIG");
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let help = command().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let mut seen = 0;
    for line in help.lines().map(str::trim_start).filter(|line| line.starts_with("--")) {
        let mut words = line.split_whitespace();
        let (option, value) = (words.next().unwrap(), words.next());
        // With a configuration, the script does not know where the server will listen.
        if option == "--config" || option == "--listen" {
            continue;
        }
        let arguments: Vec<&str> = std::iter::once(option).chain(value.map(|_| "x")).collect();
        let said = serve(&arguments);
        assert!(said.contains("listens on"), "{arguments:?}: {said}");
        seen += 1;
    }
    assert!(seen > 15, "{help}");
    for (arguments, expected) in [
        (&["--bogus"][..], "There is no option --bogus"),
        (&["--bogus=x"], "There is no option --bogus"),
        (&["--models"], "--models needs a value"),
        (&["/srv/models"], "./scripts/serve --models /srv/models"),
        (&["--print-config", "x"], "x is no option"),
    ] {
        let said = serve(arguments);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}
