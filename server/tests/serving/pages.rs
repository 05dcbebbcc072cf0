//! What pages load: how long it may be kept, and what is said if it was never built.

use std::fs;

use crate::folder::{Folder, until};
use crate::program::Program;

const IMMUTABLE: &str = "public, max-age=31536000, immutable, no-transform";

/// A site folder with one script.
fn built(folder: &Folder, script: &str) -> String {
    let site = folder.beside("site");
    fs::create_dir_all(site.join("pkg")).unwrap();
    fs::write(site.join("pkg").join(script), "// script").unwrap();
    site.to_str().unwrap().to_owned()
}

#[test]
fn what_has_its_hash_in_its_name_never_changes() {
    let folder = Folder::new();
    let site = built(&folder, "modelferry.abc.js");
    fs::write(folder.beside("hash.txt"), "js: abc\nwasm: def\ncss: ghi\n").unwrap();
    let program = Program::start_copied(&folder, &["--site", &site]);
    let found = program.get("/pkg/modelferry.abc.js");
    assert_eq!((found.status, found.field("cache-control")), (200, IMMUTABLE));
    let missing = program.get("/pkg/modelferry.jkl.js");
    assert_eq!((missing.status, missing.field("cache-control")), (404, "no-cache"));
    assert!(!program.log().contains("not built"), "{}", program.log());
}

#[test]
fn what_has_no_hash_in_its_name_is_asked_about_each_time() {
    let folder = Folder::new();
    let site = built(&folder, "modelferry.js");
    let program = Program::start_copied(&folder, &["--site", &site]);
    let found = program.get("/pkg/modelferry.js");
    assert_eq!((found.status, found.field("cache-control")), (200, "no-cache"));
}

#[test]
fn pages_that_are_not_built_are_warned_of_once() {
    let folder = Folder::new();
    let site = folder.beside("site");
    let program = Program::start_copied(&folder, &["--site", site.to_str().unwrap()]);
    assert_eq!(program.get("/pkg/modelferry.js").status, 404);
    let said = format!(
        "the pages are not built: there is no {}; run `cargo leptos build`, or name their folder with --site",
        site.join("pkg").display()
    );
    until("the warning", || program.log().contains(&said).then_some(()));
    assert_eq!(program.log().matches("not built").count(), 1);
}
