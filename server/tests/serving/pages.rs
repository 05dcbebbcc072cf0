//! What pages load: how long it may be kept, and what is said if it was never built.

use std::fs;

use protocol::representation::repr_digest;

use crate::folder::{Folder, sha256, until};
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
    let program = Program::start(&folder, &["--site", &site]);
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
    let program = Program::start(&folder, &["--site", &site]);
    let found = program.get("/pkg/modelferry.js");
    assert_eq!((found.status, found.field("cache-control")), (200, "no-cache"));
}

#[test]
fn what_was_built_comes_whole_so_that_two_builds_are_never_mixed() {
    let folder = Folder::new();
    let site = built(&folder, "modelferry.js");
    let program = Program::start(&folder, &["--site", &site]);
    for range in ["bytes=1-2", "items=0-1", "bytes=100-"] {
        let found = program.ask("GET /pkg/modelferry.js", &[("Range", range), ("If-Range", "\"before\"")]);
        assert_eq!((found.status, &found.body[..]), (200, &b"// script"[..]), "{range}");
        assert_eq!(found.field("accept-ranges"), "");
    }
}

#[test]
fn pages_that_are_not_built_are_warned_of_once() {
    let folder = Folder::new();
    let site = folder.beside("site");
    let program = Program::start(&folder, &["--site", site.to_str().unwrap()]);
    assert_eq!(program.get("/pkg/modelferry.js").status, 404);
    let said = format!(
        "the pages are not built: there is no {}; build in release, run `cargo leptos watch`, or name their folder with --site",
        site.join("pkg").display()
    );
    until("the warning", || program.log().contains(&said).then_some(()));
    assert_eq!(program.log().matches("not built").count(), 1);
}

#[test]
fn a_page_that_is_known_is_not_sent_again_until_it_says_something_else() {
    let folder = Folder::new();
    folder.put("o/n/a", b"a");
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    for path in ["/", "/o/n"] {
        let (first, second) = (program.get(path), program.get(path));
        let tag = first.field("etag");
        assert!(tag.starts_with("W/\""), "{path}: {tag}");
        assert_eq!(second.field("etag"), tag, "{path}");
        assert_ne!(first.body, second.body, "the number in it is good once");
        let head = program.ask(&format!("HEAD {path}"), &[]);
        assert_eq!((head.status, head.field("etag"), head.body.len()), (200, tag, 0), "{path}");

        for method in ["GET", "HEAD"] {
            let known = program.ask(&format!("{method} {path}"), &[("If-None-Match", tag)]);
            assert_eq!((known.status, known.body.len()), (304, 0), "{method} {path}");
            for name in ["etag", "cache-control", "vary"] {
                assert_eq!(known.field(name), first.field(name), "{method} {path}: {name}");
            }
            assert_eq!(known.field("content-length"), "", "{method} {path}");
            // Its number is in no page that the browser has.
            assert_eq!(known.field("content-security-policy"), "", "{method} {path}");
        }
        let other =
            program.ask(&format!("GET {path}"), &[("If-None-Match", "\"x\""), ("Range", "bytes=0-1")]);
        assert_eq!(other.status, 200, "{path}");
    }
    let before = program.get("/").field("etag").to_owned();
    folder.put("o/another/a", b"b");
    until("another page", || (program.get("/").field("etag") != before).then_some(()));
    let changed = program.ask("GET /", &[("If-None-Match", &before)]);
    assert_eq!(changed.status, 200);
    assert!(String::from_utf8(changed.body).unwrap().contains("another"));
}

#[test]
fn what_depends_on_the_request_says_on_what() {
    let folder = Folder::new();
    let site = built(&folder, "modelferry.js");
    fs::write(folder.beside("site/pkg/modelferry.js"), "// script\n".repeat(100)).unwrap();
    let program = Program::start(&folder, &["--site", &site]);
    for (path, fields) in [
        ("/", &["accept-encoding", "sec-fetch-mode"][..]),
        ("/nothing/here", &["accept-encoding", "sec-fetch-mode"]),
        ("/nothing", &["accept", "accept-encoding"]),
        ("/pkg/modelferry.js", &["accept-encoding"]),
        ("/modelferry.js", &["accept-encoding"]),
        ("/modelferry.d.ts", &["accept-encoding"]),
        ("/service-worker.js", &["accept-encoding"]),
        ("/manifest.webmanifest", &["accept-encoding"]),
        ("/inference-worker.js", &["accept-encoding", "sec-fetch-mode"]),
    ] {
        let gzip = ("Accept-Encoding", "gzip");
        for accepted in [&[][..], &[gzip], &[gzip, ("Accept", "text/html")]] {
            let reply = program.ask(&format!("GET {path}"), accepted);
            let vary = reply.all("vary").to_lowercase();
            for field in fields {
                assert!(vary.split(", ").any(|name| name == *field), "{path}: {vary}");
            }
            let (tag, date) = (reply.field("etag"), reply.field("last-modified"));
            if tag.is_empty() && date.is_empty() {
                continue;
            }
            let condition = if tag.is_empty() { ("If-Modified-Since", date) } else { ("If-None-Match", tag) };
            let known = program.ask(&format!("GET {path}"), &[accepted, &[condition]].concat());
            assert_eq!((known.status, known.all("vary").to_lowercase()), (304, vary), "{path}");
        }
    }
}

#[test]
fn every_build_has_another_worker_and_its_pages_know_which() {
    let folder = Folder::new();
    let site = built(&folder, "modelferry.abc.js");
    let begin = |program: &Program| {
        let worker = program.get("/service-worker.js");
        let script = String::from_utf8_lossy(&worker.body).lines().next().unwrap_or_default().to_owned();
        (script, worker.field("etag").to_owned())
    };
    let program = Program::start(&folder, &["--site", &site]);
    let (first, tag) = begin(&program);
    assert!(first.starts_with("self.modelferry = [\""), "{first}");
    assert!(first.contains("/pkg/modelferry.abc.js"), "{first}");
    for path in ["/", "/offline", "/nothing/here"] {
        let page = String::from_utf8(program.get(path).body).unwrap();
        let (_, build) = page.split_once("data-build=\"").unwrap();
        let (build, _) = build.split_once('"').unwrap();
        assert!(build.len() == 16 && tag.starts_with(&format!("\"{build}")), "{path}: {build}, {tag}");
        assert!(page.contains("rel=\"manifest\""), "{path}");
    }
    assert_eq!(program.get("/offline").status, 200);
    drop(program);
    fs::write(folder.beside("site/pkg/modelferry.abc.js"), "// another").unwrap();
    let (second, another) = begin(&Program::start(&folder, &["--site", &site]));
    assert_ne!((first, tag), (second, another));
}

#[test]
fn what_the_web_manifest_names_is_there() {
    let folder = Folder::new();
    // As they are copied into the site.
    let public = concat!(env!("CARGO_MANIFEST_DIR"), "/../public");
    let program = Program::start(&folder, &["--site", public]);
    let manifest = program.get("/manifest.webmanifest");
    assert_eq!(
        (manifest.status, manifest.field("content-type"), manifest.field("cache-control")),
        (200, "application/manifest+json", "no-cache")
    );
    let known = program.ask("GET /manifest.webmanifest", &[("If-None-Match", manifest.field("etag"))]);
    assert_eq!((known.status, known.body.len()), (304, 0));
    let manifest: serde_json::Value = serde_json::from_slice(&manifest.body).unwrap();
    let pictures = ["icons", "screenshots"].iter().flat_map(|kind| manifest[kind].as_array().unwrap());
    for picture in pictures {
        let found = program.get(picture["src"].as_str().unwrap());
        assert_eq!(
            (found.status, found.field("content-type")),
            (200, picture["type"].as_str().unwrap()),
            "{picture}"
        );
    }
}

/// RFC 9530 section 3: it is the digest of what is sent, with its coding.
#[test]
fn a_digest_is_that_of_what_was_received() {
    let program = Program::start(&Folder::new(), &[]);
    let entry = program.get("/modelferry.js");
    let entry = str::from_utf8(&entry.body).unwrap();
    let loaded = entry.split("'./module/").nth(1).unwrap().split_once('\'').unwrap().0;
    let loaded = format!("/module/{loaded}");
    for path in [
        "/service-worker.js",
        "/modelferry.js",
        "/modelferry.d.ts",
        "/manifest.webmanifest",
        "/inference-worker.js",
        &loaded,
    ] {
        let mut tags = Vec::new();
        for coding in ["identity", "gzip", "br"] {
            let accepted = ("Accept-Encoding", coding);
            let (got, head) = (
                program.ask(&format!("GET {path}"), &[accepted]),
                program.ask(&format!("HEAD {path}"), &[accepted]),
            );
            let case = format!("{path} {coding}");
            let tag = got.field("etag");
            // What is compressed while it is sent has no digest before.
            let packed = coding == "identity" || (coding == "br" && path == loaded);
            let digest = if packed {
                assert!(tag.starts_with('"'), "{case}: {tag}");
                repr_digest(&sha256(&got.body).parse().unwrap())
            } else {
                assert_eq!(got.field("content-encoding"), coding, "{case}");
                assert!(tag.starts_with("W/"), "{case}: {tag}");
                String::new()
            };
            let known = program.ask(&format!("GET {path}"), &[accepted, ("If-None-Match", tag)]);
            assert_eq!(known.status, 304, "{case}");
            for reply in [&got, &head, &known] {
                assert_eq!(reply.field("repr-digest"), digest, "{case} {}", reply.status);
                assert_eq!(reply.field("etag"), tag, "{case} {}", reply.status);
            }
            tags.push(tag.to_owned());
        }
        assert_ne!(tags[0], tags[1], "{path}");
    }
}
