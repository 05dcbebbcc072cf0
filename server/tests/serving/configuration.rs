//! The configuration as the program takes it: file, environment, flags, and what the handbook says of them.

use std::collections::BTreeSet;
use std::fs;

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
