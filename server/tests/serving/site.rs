//! What is answered past the router is what the router would have answered.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response};
use http_body_util::BodyExt;
use server::index::{Index, Options};
use server::{AllowedOrigins, ServerState, Site};
use std::time::Duration;
use tower::ServiceExt;

use crate::folder::{Folder, noise, sha256, until};

async fn told(response: Response<Body>) -> (u16, Vec<(String, HeaderValue)>, Vec<u8>) {
    let (parts, body) = response.into_parts();
    let fields = parts.headers.iter().map(|(name, value)| (name.to_string(), value.clone()));
    let mut fields: Vec<_> = fields.collect();
    fields.sort();
    (parts.status.as_u16(), fields, body.collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test]
async fn the_site_answers_as_the_router_does() {
    let folder = Folder::new();
    let bytes = noise(1, 300_000);
    folder.put("o/n/a", &bytes);
    folder.put("o/n/sub/b c", b"text");
    folder.put("o/n/empty", b"");
    // Health counts the looks: none may come between two answers.
    let rescan = Duration::from_secs(3600);
    let index = Index::open(Options { root: folder.models(), piece_size: 65_536, rescan }).unwrap();
    until("all files hashed", || index.report().pending.is_empty().then_some(()));
    let revision = index.model(&"o/n".parse().unwrap()).unwrap().revision().to_string();
    let piece = format!("/pieces/{}", sha256(&bytes[65_536..131_072]));
    let file = format!("/o/n/resolve/{revision}/a");
    let tag = format!("\"{}\"", sha256(&bytes));
    let urls = [
        file.clone(),
        format!("{file}?x=1"),
        format!("{file}/"),
        format!("/o/n/resolve/{revision}/empty"),
        format!("/o/n/resolve/{revision}/sub/b%20c"),
        format!("/o/n/resolve/{revision}/sub"),
        format!("/o/n/resolve/{}/a", "0".repeat(40)),
        "/o/n/resolve/main/a".to_owned(),
        format!("//n/resolve/{revision}/a"),
        format!("/api/n/resolve/{revision}/a"),
        format!("/pieces/n/resolve/{revision}/a"),
        piece.clone(),
        format!("{piece}/"),
        format!("/pieces/{}", "0".repeat(64)),
        format!("/n/resolve/{revision}/a"),
        "/healthz".to_owned(),
        "/nowhere".to_owned(),
    ];
    let requests = [
        ("GET", vec![]),
        ("HEAD", vec![]),
        ("OPTIONS", vec![]),
        ("POST", vec![]),
        ("HEAD", vec![("range", "bytes=0-9")]),
        ("GET", vec![("range", "bytes=0-9")]),
        ("GET", vec![("range", "bytes=0-9,100-199")]),
        ("GET", vec![("range", "bytes=300000-")]),
        ("GET", vec![("range", "bytes=5-"), ("if-range", tag.as_str())]),
        ("GET", vec![("if-none-match", tag.as_str())]),
        ("HEAD", vec![("if-none-match", tag.as_str())]),
        ("GET", vec![("if-match", "\"other\"")]),
        ("GET", vec![("origin", "https://example.org"), ("accept-encoding", "gzip")]),
    ];
    let these = AllowedOrigins::These(vec![HeaderValue::from_static("https://example.org")]);
    for allow_origin in [AllowedOrigins::Everyone, AllowedOrigins::Nobody, these] {
        let state = ServerState { allow_origin, ..ServerState::new(index.clone()) };
        let router: Router = server::router(state.clone());
        let site = Site::new(state.clone());
        for url in &urls {
            for (method, fields) in &requests {
                let request = || {
                    let mut request = Request::builder().method(*method).uri(url);
                    for (name, value) in fields {
                        request = request.header(*name, *value);
                    }
                    request.body(Body::empty()).unwrap()
                };
                let mut expected = told(router.clone().oneshot(request()).await.unwrap()).await;
                if expected.0 == 304 {
                    // The one thing that the site mends.
                    expected.1.retain(|(name, _)| name != "content-length");
                }
                let got = told(site.clone().oneshot(request()).await.unwrap()).await;
                assert_eq!(got, expected, "{method} {url} {fields:?} {:?}", state.allow_origin);
            }
        }
    }
}
