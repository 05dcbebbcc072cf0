//! URLs that chance makes out of seeds: whatever they are, they lead to what the index has, or to a plain refusal.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;

use axum::http::Uri;
use mutation::{Chance, rounds};
use percent_encoding::percent_decode_str;

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

#[tokio::test]
async fn whatever_the_url_only_what_the_index_has_comes_back() {
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
    let mut chance = Chance::new();
    let mut found = 0;
    for _ in 0..rounds(5_000) {
        let input = chance.mutate(&seeds, WORDS);
        // What is no URI is refused by hyper before anything of ours sees it.
        let Ok(uri) = Uri::try_from(&input[..]) else { continue };
        let url = uri.to_string();
        let answer = app.get(&url).await;
        assert!(!answer.status.is_server_error(), "{url}: {}", answer.status);
        assert!(matches!(answer.status.as_u16(), 200 | 307 | 400 | 404), "{url}: {}", answer.status);
        let body = String::from_utf8_lossy(&answer.body);
        assert!(!body.contains(secret), "{url}");
        if answer.status == 307 {
            let there = app.get(answer.field("location")).await;
            assert_eq!(there.status, 200, "{url} leads to {:?}", answer.field("location"));
        }
        if let Some(path) = asked_for(&url, &revision) {
            let there = contents.get(&path[..]);
            assert_eq!(answer.status == 200, there.is_some(), "{url}: {}", answer.status);
            if let Some(bytes) = there {
                assert_eq!(body, *bytes, "{url}");
                found += 1;
            }
        }
    }
    assert!(found > 0, "no URL named a file");
}
