//! Files: `/{owner}/{name}/resolve/{revision}/{path}`.

use axum::http::StatusCode;

use crate::folder::{Folder, noise, sha256};
use crate::in_process::App;

fn folder() -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    let bytes = noise(1, 3500);
    folder.put("o/n/model.bin", &bytes);
    folder.put("o/n/config.json", b"{}");
    folder.put("o/n/empty", b"");
    (folder, bytes)
}

#[tokio::test]
async fn a_file_comes_with_everything_a_client_may_rely_on() {
    let (folder, bytes) = folder();
    let app = App::of(&folder);
    let revision = app.revision("o/n");
    let url = format!("/o/n/resolve/{revision}/model.bin");
    let got = app.get(&url).await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.body, bytes);
    let digest = sha256(&bytes);
    for (name, value) in [
        ("content-length", "3500"),
        ("etag", &format!("\"{digest}\"")),
        ("accept-ranges", "bytes"),
        ("content-type", "application/octet-stream"),
        ("cache-control", "public, max-age=31536000, immutable, no-transform"),
        ("x-repo-commit", &revision),
        ("x-content-type-options", "nosniff"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
    ] {
        assert_eq!(got.field(name), value, "{name}");
    }
    assert!(got.field("last-modified").ends_with("GMT"));
    assert!(got.field("repr-digest").starts_with("sha-256=:"));
    assert!(got.field("access-control-expose-headers").contains("x-repo-commit"));
    assert!(!got.headers.contains_key("content-encoding") && !got.headers.contains_key("vary"));

    let head = app.ask("HEAD", &url, &[("range", "bytes=0-9")]).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.headers, got.headers);
}

#[tokio::test]
async fn several_ranges_come_as_parts_of_one_answer() {
    let (folder, bytes) = folder();
    let app = App::of(&folder);
    let url = format!("/o/n/resolve/{}/model.bin", app.revision("o/n"));
    let got = app.ask("GET", &url, &[("range", "bytes=3000-3009, 0-1, -5")]).await;
    assert_eq!(got.status, StatusCode::PARTIAL_CONTENT);
    let boundary = got.field("content-type").strip_prefix("multipart/byteranges; boundary=").unwrap();
    assert_eq!(got.field("content-length"), got.body.len().to_string());
    assert!(got.field("etag").contains(&sha256(&bytes)) && !got.headers.contains_key("content-range"));
    let mut expected: Vec<u8> = Vec::new();
    for (first, last) in [(3000, 3009), (0, 1), (3495, 3499)] {
        if first != 3000 {
            expected.extend(b"\r\n");
        }
        let head = format!(
            "--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {first}-{last}/3500\r\n\r\n"
        );
        expected.extend(head.as_bytes());
        expected.extend(&bytes[first..=last]);
    }
    expected.extend(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert_eq!(got.body, expected);

    let near = app.ask("GET", &url, &[("range", "bytes=0-1,2-6")]).await;
    assert_eq!((near.status, near.field("content-range")), (StatusCode::PARTIAL_CONTENT, "bytes 0-6/3500"));
    let all = app.ask("GET", &url, &[("range", "bytes=0-,0-,0-")]).await;
    assert_eq!(all.body, bytes);
}

#[tokio::test]
async fn main_leads_to_the_revision_by_a_relative_redirect() {
    let folder = Folder::new();
    folder.put("my models/a+b/sub dir/ö #1?.bin", b"1");
    let app = App::of(&folder);
    let revision = app.revision("my models/a+b");
    let url = "/my%20models/a+b/resolve/main/sub%20dir/%C3%B6%20%231%3F.bin?download=true";
    for method in ["GET", "HEAD"] {
        let answer = app.ask(method, url, &[("range", "bytes=0-0")]).await;
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
        let expected =
            format!("/my%20models/a%2Bb/resolve/{revision}/sub%20dir/%C3%B6%20%231%3F.bin?download=true");
        assert_eq!(answer.field("location"), expected);
        assert_eq!(answer.field("x-repo-commit"), revision);
        assert_eq!(answer.field("cache-control"), "no-cache");
        assert_eq!(app.get(&expected).await.body, b"1");
    }
}

#[tokio::test]
async fn ranges_and_conditions_are_answered() {
    let (folder, bytes) = folder();
    let app = App::of(&folder);
    let url = format!("/o/n/resolve/{}/model.bin", app.revision("o/n"));
    let full = app.get(&url).await;
    let (etag, modified) = (full.field("etag"), full.field("last-modified"));

    let part = app.ask("GET", &url, &[("range", "bytes=990-2010"), ("if-range", etag)]).await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.body, bytes[990..=2010]);
    assert_eq!(part.field("content-range"), "bytes 990-2010/3500");
    assert_eq!(part.field("content-length"), "1021");
    for name in ["etag", "repr-digest", "cache-control", "last-modified", "x-repo-commit"] {
        assert_eq!(part.field(name), full.field(name), "{name}");
    }
    let other = app.ask("GET", &url, &[("range", "bytes=1-2"), ("if-range", "\"x\"")]).await;
    assert_eq!((other.status, other.body.len()), (StatusCode::OK, 3500));

    let beyond = app.ask("GET", &url, &[("range", "bytes=3500-")]).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.field("content-range"), "bytes */3500");
    assert!(!beyond.headers.contains_key("etag"));
    assert_eq!(beyond.field("cache-control"), "no-cache");

    for fields in [[("if-none-match", etag)], [("if-modified-since", modified)]] {
        for method in ["GET", "HEAD"] {
            let known = app.ask(method, &url, &fields).await;
            assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0));
            assert!(!known.headers.contains_key("content-type"));
            for name in ["etag", "repr-digest", "cache-control", "last-modified"] {
                assert_eq!(known.field(name), full.field(name), "{name}");
            }
        }
    }
    let failed = app.ask("GET", &url, &[("if-match", "\"x\"")]).await;
    assert_eq!(failed.status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let (folder, _) = folder();
    let app = App::of(&folder);
    let url = format!("/o/n/resolve/{}/empty", app.revision("o/n"));
    let got = app.get(&url).await;
    assert_eq!((got.status, got.field("content-length")), (StatusCode::OK, "0"));
    assert_eq!(got.field("etag"), format!("\"{}\"", sha256(b"")));
    let part = app.ask("GET", &url, &[("range", "bytes=0-0")]).await;
    assert_eq!(part.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(part.field("content-range"), "bytes */0");
}

#[tokio::test]
async fn what_is_missing_is_named_in_the_words_of_hub_clients() {
    let (folder, _) = folder();
    let app = App::of(&folder);
    let revision = app.revision("o/n");
    let zeros = "0".repeat(40);
    for (url, code, named) in [
        ("/o/other/resolve/main/x".to_owned(), "RepoNotFound", "o/other"),
        (format!("/o/n/resolve/{zeros}/model.bin"), "RevisionNotFound", zeros.as_str()),
        ("/o/n/resolve/refs%2Fpr%2F1/model.bin".to_owned(), "RevisionNotFound", "refs/pr/1"),
        ("/o/n/resolve/main/nope.bin".to_owned(), "EntryNotFound", "nope.bin"),
        (format!("/o/n/resolve/{revision}/a/b"), "EntryNotFound", "a/b"),
        (format!("/o/n/resolve/{}/config.json", revision.to_uppercase()), "RevisionNotFound", "o/n"),
    ] {
        let answer = app.get(&url).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{url}");
        assert_eq!(answer.field("x-error-code"), code, "{url}");
        assert!(answer.text().contains(named), "{}", answer.text());
        assert_eq!(answer.field("x-repo-commit").is_empty(), code != "EntryNotFound");
        assert_eq!(answer.field("content-type"), "text/plain; charset=utf-8");
    }
    // A condition does not help what is not there: RFC 9110 section 13.2.1.
    let answer = app.ask("GET", "/o/n/resolve/main/nope", &[("if-match", "*")]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
