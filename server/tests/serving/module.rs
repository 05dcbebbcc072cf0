//! `/modelferry.js` and what it loads: what may be kept how long, and in which coding it comes.

use crate::folder::Folder;
use crate::program::{Program, Reply};

const IMMUTABLE: &str = "public, max-age=31536000, immutable, no-transform";
const SCRIPT: &str = "text/javascript; charset=utf-8";

fn text(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.body).unwrap()
}

/// The paths below `/module/` that the entry names.
fn loaded(entry: &str) -> Vec<String> {
    let names = entry.split("'./module/").skip(1).map(|rest| rest.split_once('\'').unwrap().0);
    names.map(|name| format!("/module/{name}")).collect()
}

#[test]
fn the_entry_is_asked_for_each_time_and_what_it_loads_is_kept_for_ever() {
    let program = Program::start(&Folder::new(), &[]);
    let entry = program.get("/modelferry.js");
    let kept =
        |reply: &Reply| (reply.status, reply.field("content-type").to_owned(), reply.all("cache-control"));
    assert_eq!(kept(&entry), (200, SCRIPT.to_owned(), "no-cache".to_owned()));
    let again = program.ask("GET /modelferry.js", &[("If-None-Match", entry.field("etag"))]);
    assert_eq!((again.status, again.body.len()), (304, 0));

    let paths = loaded(text(&entry));
    let media_types: Vec<_> = paths.iter().map(|path| kept(&program.get(path))).collect();
    let expected =
        [SCRIPT, "application/wasm"].map(|media_type| (200, media_type.to_owned(), IMMUTABLE.to_owned()));
    assert_eq!(media_types, expected);
    assert!(program.get(&paths[1]).body.starts_with(b"\0asm"));

    let types = program.get("/modelferry.d.ts");
    assert_eq!(
        kept(&types),
        (200, "application/typescript; charset=utf-8".to_owned(), "no-cache".to_owned())
    );
    for export in ["status", "list", "download", "remove", "url"] {
        assert!(text(&types).contains(&format!("export function {export}(")), "{export}");
    }
    assert_eq!(program.get("/module/0000000000000000.js").status, 404);
}

#[test]
fn what_the_entry_loads_comes_in_the_coding_that_the_client_takes() {
    let program = Program::start(&Folder::new(), &[]);
    for path in loaded(text(&program.get("/modelferry.js"))) {
        let get = |accepted| program.ask(&format!("GET {path}"), &[("Accept-Encoding", accepted)]);
        let (plain, gzip, brotli) = (get("identity"), get("gzip"), get("gzip, deflate, br"));
        let coding = |reply: &Reply| reply.field("content-encoding").to_owned();
        assert_eq!([&plain, &gzip, &brotli].map(coding), ["", "gzip", "br"]);
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &brotli.body[..], &mut unpacked).unwrap();
        assert_eq!(unpacked, plain.body);
        assert_eq!(brotli.field("content-length"), brotli.body.len().to_string());
        let tags = [&plain, &gzip, &brotli].map(|reply| reply.field("etag").to_owned());
        assert!(!tags[0].starts_with("W/") && tags[2] != tags[0], "{tags:?}");
        for reply in [&plain, &gzip, &brotli] {
            assert!(reply.all("vary").to_lowercase().contains("accept-encoding"));
            assert_eq!(reply.field("cross-origin-resource-policy"), "same-origin");
        }
        let known = [("Accept-Encoding", "br"), ("If-None-Match", &tags[2])];
        assert_eq!(program.ask(&format!("GET {path}"), &known).status, 304);
        let head = program.ask(&format!("HEAD {path}"), &[("Accept-Encoding", "br")]);
        assert_eq!(head.field("content-length"), brotli.field("content-length"));
    }
}
