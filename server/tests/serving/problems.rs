//! Names and entries of every kind: each works, or is reported by name, and none stops the server.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use protocol::routes;

use crate::folder::{Folder, noise, until};
use crate::in_process::App;

#[tokio::test]
async fn every_odd_name_is_fetched_back_byte_for_byte() {
    let folder = Folder::new();
    let names = [
        "o/n/with space.bin",
        "o/n/100%.bin",
        "o/n/%2e%2e%2f.bin",
        "o/n/a#b.bin",
        "o/n/what?.bin",
        "o/n/c++.bin",
        "o/n/grün-模型-🚢.bin",
        "o/n/a&b=c;d.bin",
        "o/n/\"quoted\" 'too'.bin",
        "o/n/back\\slash",
        "o/n/colon:at@tilde~.bin",
        "o/n/.gitattributes",
        "o/n/...",
        "o/n/sub folder/#/?/%/x",
        "o/n/resolve/main/x",
        "my models/100% #1?/x",
        "ünï/模型+x/x",
        "a/resolve/x",
        "a.b/api/x",
    ];
    let long = format!("o/n/{}", "x".repeat(255));
    let names: Vec<&str> = names.into_iter().chain([long.as_str()]).collect();
    for (seed, name) in names.iter().enumerate() {
        folder.put(name, &noise(seed as u64, 100 + seed));
    }
    let app = App::of(&folder);
    assert_eq!(app.index.report().problems, []);
    for (seed, name) in names.iter().enumerate() {
        let mut parts = name.splitn(3, '/');
        let id = format!("{}/{}", parts.next().unwrap(), parts.next().unwrap());
        let (id, path) = (id.parse().unwrap(), parts.next().unwrap().parse().unwrap());
        let moving = app.get(&routes::resolve(&id, routes::MAIN, &path)).await;
        let got = app.get(moving.field("location")).await;
        assert_eq!(got.body, noise(seed as u64, 100 + seed), "{name}");
        let info = app.get(&routes::model_info(&id)).await;
        assert!(info.status.is_success(), "{name}");
    }
}

#[tokio::test]
async fn every_kind_of_problem_is_reported_and_the_rest_works() {
    let folder = Folder::new();
    let models = folder.models();
    folder.put("o/n/good", b"1");
    folder.put("api/n/x", b"1");
    folder.put("pieces/n/x", b"1");
    folder.put("stray", b"1");
    folder.put("o/stray", b"1");
    folder.put("o/n/line\nbreak", b"1");
    fs::create_dir_all(models.join("o/empty")).unwrap();
    fs::create_dir_all(models.join("lonely")).unwrap();
    fs::write(models.join(OsStr::from_bytes(b"o/n/\xff")), "x").unwrap();
    fs::write(folder.beside("secret"), "secret").unwrap();
    symlink(folder.beside("secret"), models.join("o/n/leaves")).unwrap();
    symlink("..", models.join("o/n/loop")).unwrap();
    symlink("nowhere", models.join("o/n/dangling")).unwrap();
    symlink("good", models.join("o/n/inside")).unwrap();
    let app = App::of(&folder);
    let report = app.index.report();
    let paths: Vec<&str> = report.problems.iter().map(|problem| problem.path.as_str()).collect();
    let expected = [
        "api",
        "lonely",
        "o/empty",
        "o/n/dangling",
        "o/n/leaves",
        "o/n/line\nbreak",
        "o/n/loop",
        "o/n/\u{fffd}",
        "o/stray",
        "pieces",
        "stray",
    ];
    assert_eq!(paths, expected);
    assert!(report.problems.iter().all(|problem| !problem.reason.is_empty()));
    // The system's own words, and where the folder is, are nobody's business but the operator's.
    for url in ["/api/index", "/"] {
        let text = app.get(url).await.text().to_owned();
        assert!(text.contains("leads nowhere"), "{url}");
        for private in ["os error", "No such file", models.to_str().unwrap()] {
            assert!(!text.contains(private), "{url}: {private}");
        }
    }
    let info = app.get("/api/models/o/n").await.json();
    let files: Vec<&str> =
        info["siblings"].as_array().unwrap().iter().map(|file| file["rfilename"].as_str().unwrap()).collect();
    assert_eq!(files, ["good", "inside"]);
    let moving = app.get("/o/n/resolve/main/inside").await;
    assert_eq!(app.get(moving.field("location")).await.body, b"1");

    fs::remove_file(models.join("o/n/dangling")).unwrap();
    until("one problem less", || (app.index.report().problems.len() == expected.len() - 1).then_some(()));
}
