//! Pieces: `/pieces/{sha256}`.

use axum::http::StatusCode;

use crate::folder::{Folder, noise, sha256};
use crate::in_process::{App, PIECE};

#[tokio::test]
async fn the_pieces_of_the_manifest_make_up_the_files() {
    let folder = Folder::new();
    let files = [("a.bin", 3500), ("b.bin", 2 * PIECE), ("c.bin", 1), ("d.bin", 0)];
    for (seed, (name, length)) in files.iter().enumerate() {
        folder.put(&format!("o/n/{name}"), &noise(seed as u64, *length));
    }
    let app = App::of(&folder);
    let manifest = app.get("/api/models/o/n/manifest/main").await.json();
    assert_eq!(manifest["piece_size"], PIECE);
    for (seed, (name, length)) in files.iter().enumerate() {
        let file = &manifest["files"][seed];
        assert_eq!((&file["path"], &file["size"]), (&(*name).into(), &(*length).into()));
        let mut joined = Vec::new();
        for digest in file["pieces"].as_array().unwrap() {
            let digest = digest.as_str().unwrap();
            let piece = app.get(&format!("/pieces/{digest}")).await;
            assert_eq!(piece.status, StatusCode::OK);
            assert_eq!(sha256(&piece.body), digest);
            assert_eq!(piece.field("content-length"), piece.body.len().to_string());
            joined.extend(piece.body);
        }
        assert_eq!(joined, noise(seed as u64, *length));
        assert_eq!(sha256(&joined), file["sha256"].as_str().unwrap());
    }
}

#[tokio::test]
async fn a_piece_honours_ranges_without_offering_them() {
    let folder = Folder::new();
    let bytes = noise(1, 2500);
    folder.put("o/n/a", &bytes);
    let app = App::of(&folder);
    let second = &bytes[PIECE..2 * PIECE];
    let digest = sha256(second);
    let (url, etag) = (format!("/pieces/{digest}"), format!("\"{digest}\""));
    let whole = app.get(&url).await;
    let head = app.ask("HEAD", &url, &[]).await;
    let part = app.ask("GET", &url, &[("range", "bytes=400-"), ("if-range", &etag)]).await;
    let known = app.ask("GET", &url, &[("if-none-match", &etag)]).await;
    let beyond = app.ask("GET", &url, &[("range", "bytes=1000-")]).await;
    for (answer, status) in [(&whole, 200), (&head, 200), (&part, 206), (&known, 304), (&beyond, 416)] {
        assert_eq!(answer.status, status);
        assert!(!answer.headers.contains_key("accept-ranges"), "{status}");
        assert!(!answer.headers.contains_key("last-modified"), "{status}");
    }
    assert_eq!(whole.body, second);
    assert_eq!(whole.headers, head.headers);
    assert_eq!(part.body, second[400..]);
    assert_eq!(part.field("content-range"), "bytes 400-999/1000");
    assert_eq!(beyond.field("content-range"), "bytes */1000");
    for answer in [&whole, &part, &known] {
        assert_eq!(answer.field("etag"), etag);
        assert_eq!(answer.field("cache-control"), "public, max-age=31536000, immutable, no-transform");
    }
}

#[tokio::test]
async fn an_unknown_piece_is_missing() {
    let folder = Folder::new();
    let app = App::of(&folder);
    for name in [&"0".repeat(64), "x", &"A".repeat(64), "%ff", "a%2Fb"] {
        let answer = app.get(&format!("/pieces/{name}")).await;
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{name}");
        assert!(!answer.body.is_empty());
    }
    let answer = app.get(&format!("/pieces/{}", "0".repeat(64))).await;
    assert!(answer.text().contains(&"0".repeat(64)));
}
