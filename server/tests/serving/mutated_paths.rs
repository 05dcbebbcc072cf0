//! Mutated URLs: whatever they are, they lead to what the index has, or to a plain refusal.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;

use axum::http::Uri;
use percent_encoding::percent_decode_str;
use tokio::runtime::Runtime;

use crate::folder::{Folder, sha256};
use crate::in_process::App;

const WORDS: &[&str] = &[
    "/",
    "..",
    ".",
    "%2f",
    "%2F",
    "%2e",
    "%00",
    "%ff",
    "%5c",
    "\\",
    "//",
    "?",
    "#",
    "&",
    "=",
    "%",
    "%25",
    "secret",
    "leaves",
    "/resolve/",
    "/main/",
    "o",
    "n",
    "api",
    "~",
    "%C3%B6",
    "recursive=true",
    "limit=",
    "cursor=",
    "ö",
];

/// The name inside the model that a URL asks for, if it is of this form; read without any code of the server's.
fn asked_for(url: &str, revision: &str) -> Option<Vec<u8>> {
    let path = url.split(['?', '#']).next()?;
    let mut segments = path.split('/').skip(1);
    let mut next = || Some(percent_decode_str(segments.next()?).collect::<Vec<u8>>());
    let (owner, name, route, named) = (next()?, next()?, next()?, next()?);
    let is_file = owner == b"o" && name == b"n" && (route == b"resolve" || route == b"raw");
    let rest: Vec<&str> = segments.collect();
    (is_file && named == revision.as_bytes()).then(|| percent_decode_str(&rest.join("/")).collect())
}

#[test]
fn whatever_the_url_only_what_the_index_has_comes_back() {
    let runtime = Runtime::new().unwrap();
    let _entered = runtime.enter();
    let folder = Folder::new();
    let files = ["config.json", "sub dir/model.bin", "sub dir/ö #1?.bin"];
    let contents: BTreeMap<&[u8], String> =
        files.iter().map(|path| (path.as_bytes(), format!("the bytes of {path}"))).collect();
    for (path, bytes) in &contents {
        folder.put(&format!("o/n/{}", str::from_utf8(path).unwrap()), bytes.as_bytes());
    }
    let secret = "nobody may read this";
    for outside in [folder.beside("secret"), folder.models().join("secret"), folder.models().join("o/secret")]
    {
        std::fs::write(outside, secret).unwrap();
    }
    symlink(folder.beside("secret"), folder.models().join("o/n/leaves")).unwrap();
    let app = App::of(&folder);
    let revision = app.revision("o/n");
    let seeds = include_str!("../seeds/path.txt").replace("REVISION", &revision);
    let seeds = seeds.replace("PIECE", &sha256(contents[&b"config.json"[..]].as_bytes()));
    let seeds: Vec<&str> = seeds.lines().collect();
    let found = Cell::new(0);
    mutation::check(5_000, &seeds, WORDS, |input| {
        // What is no URI is refused by hyper before anything of ours sees it.
        let Ok(uri) = Uri::try_from(&input[..]) else { return };
        let url = uri.to_string();
        let answer = runtime.block_on(app.get(&url));
        assert!(!answer.status.is_server_error(), "{url}: {}", answer.status);
        assert!(matches!(answer.status.as_u16(), 200 | 307 | 400 | 404), "{url}: {}", answer.status);
        let body = String::from_utf8_lossy(&answer.body);
        assert!(!body.contains(secret), "{url}");
        if answer.status == 307 {
            let there = runtime.block_on(app.get(answer.field("location")));
            assert_eq!(there.status, 200, "{url} leads to {:?}", answer.field("location"));
        }
        if let Some(path) = asked_for(&url, &revision) {
            let there = contents.get(&path[..]);
            assert_eq!(answer.status == 200, there.is_some(), "{url}: {}", answer.status);
            if let Some(bytes) = there {
                assert_eq!(body, *bytes, "{url}");
                found.set(found.get() + 1);
            }
        }
    });
    assert!(found.get() > 0, "no URL named a file");
}
