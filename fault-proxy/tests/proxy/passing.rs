//! What is passed on when nothing is to go wrong.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{ask, get, read_body, send};
use crate::setting::{Setting, until};
use crate::upstream::{ETAG, FLOOD, file};

#[tokio::test]
async fn an_answer_is_passed_on_whole_and_counted() {
    let setting = Setting::with(json!([])).await;
    let answer = get(setting.proxy, "/file?q=1", &["Accept: */*"]).await;
    assert_eq!((answer.status, answer.whole, answer.error), (200, true, None));
    assert!(answer.body == file());
    assert_eq!(answer.headers["etag"], ETAG);
    assert_eq!(answer.headers["x-kept"], "yes");
    assert!(!answer.headers.contains_key("keep-alive"));
    let entry = setting.ended("complete").await;
    let fields = ["number", "method", "path", "query", "range", "if_range", "status", "bytes", "faults"];
    assert_eq!(
        fields.map(|field| entry[field].clone()),
        [
            json!(0),
            json!("GET"),
            json!("/file"),
            json!("q=1"),
            Value::Null,
            Value::Null,
            json!(200),
            json!(300_000),
            json!([])
        ]
    );
    let head = &setting.upstream.heads()[0];
    assert!(head.starts_with("get /file?q=1 http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nhost: example.test\r\n") && head.contains("\r\naccept: */*\r\n"), "{head}");
    assert!(!head.contains("connection:"), "{head}");
}

#[tokio::test]
async fn a_range_is_passed_on() {
    let setting = Setting::with(json!([])).await;
    let answer = get(setting.proxy, "/file", &["Range: bytes=1000-1999", &format!("If-Range: {ETAG}")]).await;
    assert_eq!((answer.status, answer.whole), (206, true));
    assert_eq!(answer.headers["content-range"], "bytes 1000-1999/300000");
    assert_eq!(answer.body, file()[1000..2000]);
    let entry = setting.ended("complete").await;
    assert_eq!((&entry["range"], &entry["if_range"]), (&json!("bytes=1000-1999"), &json!(ETAG)));
    assert_eq!(entry["bytes"], 1000);
}

#[tokio::test]
async fn head_and_not_modified_have_no_body() {
    let setting = Setting::with(json!([])).await;
    let head = ask(setting.proxy, "HEAD", "/file", &[]).await;
    assert_eq!((head.status, head.whole, head.headers["content-length"].as_str()), (200, true, "300000"));
    let same = get(setting.proxy, "/file", &[&format!("If-None-Match: {ETAG}")]).await;
    assert_eq!((same.status, same.whole, same.headers["etag"].as_str()), (304, true, ETAG));
    let log = setting.log().await;
    for entry in log {
        assert_eq!((&entry["bytes"], &entry["ended"]), (&json!(0), &json!("complete")), "{entry}");
    }
}

#[tokio::test]
async fn head_and_not_modified_have_no_body_with_faults_in_it_either() {
    let setting = Setting::with(
        json!([{ "gzip": true, "truncate_to": 5, "corrupt_at": 0, "cut_at": 0, "bytes_per_second": 9 }]),
    )
    .await;
    let head = ask(setting.proxy, "HEAD", "/file", &[]).await;
    assert_eq!((head.status, head.whole, head.error), (200, true, None));
    let same = get(setting.proxy, "/file", &[&format!("If-None-Match: {ETAG}")]).await;
    assert_eq!((same.status, same.whole, same.error), (304, true, None));
    assert!(!same.headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn a_body_of_unknown_length_stays_one() {
    let setting = Setting::with(json!([])).await;
    let answer = get(setting.proxy, "/chunked", &[]).await;
    assert_eq!((answer.body.as_slice(), answer.whole), (&b"hello world"[..], true));
    assert!(!answer.headers.contains_key("content-length"));
    assert_eq!(setting.ended("complete").await["bytes"], 11);
}

#[tokio::test]
async fn the_body_of_a_request_is_passed_on() {
    let setting = Setting::with(json!([])).await;
    let mut stream = send(setting.proxy, "POST", "/echo", &["Content-Length: 5"]).await.unwrap();
    stream.write_all(b"salve").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nsalve"), "{answer}");
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_request_to_upstream() {
    let setting = Setting::with(json!([])).await;
    let mut stream = send(setting.proxy, "GET", "/endless", &[]).await.unwrap();
    read_body(&mut stream, 1000).await;
    assert_eq!(setting.log().await[0]["ended"], "open");
    assert_eq!(setting.log().await[0]["bytes"], 1000);
    drop(stream);
    let mut deserted = setting.upstream.deserted.clone();
    deserted.wait_for(|number| *number == 1).await.unwrap();
    assert_eq!(setting.ended("client-gone").await["bytes"], 1000);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_upstream_back() {
    let setting = Setting::with(json!([])).await;
    let stream = send(setting.proxy, "GET", "/flood", &[]).await.unwrap();
    let bytes = async || setting.log().await.first().map_or(0, |entry| entry["bytes"].as_u64().unwrap());
    let held = until(|| async {
        let before = bytes().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        (before > 0 && bytes().await == before).then_some(before)
    })
    .await;
    assert!(held < FLOOD as u64, "{held}");
    assert_eq!(setting.log().await[0]["ended"], "open");
    drop(stream);
    let mut deserted = setting.upstream.deserted.clone();
    deserted.wait_for(|number| *number == 1).await.unwrap();
    setting.ended("client-gone").await;
}

#[tokio::test]
async fn answers_on_one_connection_are_told_apart() {
    let setting = Setting::with(json!([{ "skip": 1, "cut_at": 500 }])).await;
    let mut stream = TcpStream::connect(setting.proxy).await.unwrap();
    for path in ["/first", "/second"] {
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).await.unwrap();
        if path == "/first" {
            assert!(read_body(&mut stream, 300_000).await == file());
        }
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(&file()[..500]));
    let log = setting.log().await;
    let told: Vec<_> = log.iter().map(|entry| (&entry["path"], &entry["bytes"], &entry["ended"])).collect();
    assert_eq!(
        told,
        [
            (&json!("/first"), &json!(300_000), &json!("complete")),
            (&json!("/second"), &json!(500), &json!("cut"))
        ]
    );
}

#[tokio::test]
async fn upstream_that_breaks_off_breaks_the_answer_off() {
    let setting = Setting::with(json!([])).await;
    let answer = get(setting.proxy, "/broken", &[]).await;
    assert_eq!((answer.status, answer.whole, answer.body.len()), (200, false, 1000));
    assert_eq!(setting.ended("upstream-gone").await["bytes"], 1000);
}

#[tokio::test]
async fn upstream_that_is_not_there_is_a_bad_gateway() {
    let setting = Setting::with(json!([])).await;
    // A port that is bound, but nobody listens.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    assert_eq!(setting.command("PUT", "/upstream", json!({ "url": url })).await.0, 200);
    let answer = get(setting.proxy, "/file", &[]).await;
    assert_eq!((answer.status, answer.whole), (502, true));
    assert_eq!(setting.ended("upstream-gone").await["status"], 502);
}
