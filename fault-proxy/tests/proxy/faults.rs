//! Each fault, as a client meets it.

use std::io::{ErrorKind, Read};

use flate2::read::GzDecoder;
use serde_json::json;

use crate::client::{ask, get, read_body, send};
use crate::setting::{Setting, until};
use crate::upstream::{SCRIPT, file};

#[tokio::test]
async fn a_cut_comes_after_exactly_so_many_bytes() {
    for at in [0, 1, 999, 32_768, 100_000, 299_999] {
        let setting = Setting::with(json!([{ "name": "cut", "cut_at": at }])).await;
        let answer = get(setting.proxy, "/file", &[]).await;
        assert_eq!((answer.status, answer.whole, answer.error), (200, false, None), "{at}");
        assert!(answer.body == file()[..at], "{at}: {} bytes", answer.body.len());
        let entry = setting.ended("cut").await;
        assert_eq!((&entry["bytes"], &entry["faults"]), (&json!(at), &json!(["cut"])));
    }
}

#[tokio::test]
async fn a_body_that_is_no_longer_than_the_cut_is_complete() {
    let setting = Setting::with(json!([{ "cut_at": 300_000 }])).await;
    let answer = get(setting.proxy, "/file", &[]).await;
    assert!(answer.whole && answer.body == file());
    setting.ended("complete").await;
}

#[tokio::test]
async fn a_reset_is_an_error_for_the_client() {
    let setting = Setting::with(json!([{ "cut_at": 5000, "cut_kind": "reset" }])).await;
    let answer = get(setting.proxy, "/file", &[]).await;
    assert_eq!(answer.error, Some(ErrorKind::ConnectionReset));
    assert!(!answer.whole && answer.body.len() <= 5000);
    assert_eq!(setting.ended("cut").await["bytes"], 5000);
}

#[tokio::test]
async fn a_stall_sends_no_more_and_stays_open_until_the_client_leaves() {
    let setting = Setting::with(json!([{ "stall_at": 40_000 }])).await;
    let mut stream = send(setting.proxy, "GET", "/file", &[]).await.unwrap();
    assert!(read_body(&mut stream, 40_000).await == file()[..40_000]);
    let entry = &setting.log().await[0];
    assert_eq!((&entry["bytes"], &entry["ended"]), (&json!(40_000), &json!("open")));
    drop(stream);
    assert_eq!(setting.ended("client-gone").await["bytes"], 40_000);
}

#[tokio::test]
async fn a_stall_ends_with_a_cut() {
    let setting = Setting::with(json!([{ "stall_at": 0 }])).await;
    let mut stream = send(setting.proxy, "GET", "/file", &[]).await.unwrap();
    read_body(&mut stream, 0).await;
    assert_eq!(setting.command("POST", "/cut", json!(null)).await, (200, json!({ "connections": 1 })));
    setting.ended("cut").await;
}

#[tokio::test]
async fn a_status_is_answered_without_asking_upstream() {
    let setting = Setting::with(json!([
        { "status": 503, "headers": { "Retry-After": "2", "content-type": "text/html" }, "body": "<p>busy" }
    ]))
    .await;
    let answer = get(setting.proxy, "/file", &[]).await;
    assert_eq!((answer.status, answer.body.as_slice(), answer.whole), (503, &b"<p>busy"[..], true));
    assert_eq!(
        (answer.headers["retry-after"].as_str(), answer.headers["content-type"].as_str()),
        ("2", "text/html")
    );
    let head = ask(setting.proxy, "HEAD", "/file", &[]).await;
    assert_eq!((head.status, head.whole, head.headers["content-length"].as_str()), (503, true, "7"));
    assert!(setting.upstream.heads().is_empty());
    assert_eq!(setting.log().await[0]["bytes"], 7);
}

#[tokio::test]
async fn one_byte_is_wrong_and_the_same_one_in_every_range() {
    let setting = Setting::with(json!([{ "corrupt_at": 150_000 }])).await;
    let mut expected = file();
    expected[150_000] ^= 1;
    assert!(get(setting.proxy, "/file", &[]).await.body == expected);
    for (first, last) in
        [(0, 299_999), (150_000, 150_000), (100_000, 200_000), (150_001, 150_009), (0, 149_999)]
    {
        let answer = get(setting.proxy, "/file", &[&format!("Range: bytes={first}-{last}")]).await;
        assert!(answer.status == 206 && answer.body == expected[first..=last], "{first}-{last}");
    }
}

#[tokio::test]
async fn a_truncated_body_is_complete_http() {
    let setting = Setting::with(json!([{ "truncate_to": 123_456 }])).await;
    let answer = get(setting.proxy, "/file", &[]).await;
    assert_eq!(
        (answer.headers["content-length"].as_str(), answer.whole, answer.error),
        ("123456", true, None)
    );
    assert!(answer.body == file()[..123_456]);
    assert_eq!(setting.ended("truncated").await["bytes"], 123_456);
}

#[tokio::test]
async fn an_empty_body_is_a_truncated_one_too() {
    let setting = Setting::with(json!([{ "truncate_to": 0 }])).await;
    let answer = get(setting.proxy, "/file", &[]).await;
    assert_eq!((answer.headers["content-length"].as_str(), answer.whole, answer.body.len()), ("0", true, 0));
    setting.ended("truncated").await;
}

#[tokio::test]
async fn what_is_short_already_is_not_truncated() {
    let setting = Setting::with(json!([{ "truncate_to": 300_000 }])).await;
    assert!(get(setting.proxy, "/file", &[]).await.body == file());
    setting.ended("complete").await;
}

#[tokio::test]
async fn headers_are_dropped_and_set() {
    let setting = Setting::with(json!([
        { "drop_headers": ["ETag", "Content-Length"], "set_headers": { "X-Kept": "changed", "x-new": "1" } }
    ]))
    .await;
    let answer = get(setting.proxy, "/file", &[]).await;
    assert_eq!((answer.headers["x-kept"].as_str(), answer.headers["x-new"].as_str()), ("changed", "1"));
    assert!(!answer.headers.contains_key("etag") && !answer.headers.contains_key("content-length"));
    assert_eq!(answer.headers["transfer-encoding"], "chunked");
    assert!(answer.whole && answer.body == file());
    setting.ended("complete").await;
}

#[tokio::test]
async fn a_compressed_body_is_the_same_when_it_is_unpacked() {
    let setting = Setting::with(json!([{ "gzip": true }])).await;
    let answer = get(setting.proxy, "/file", &["Accept-Encoding: identity"]).await;
    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert!(!answer.headers.contains_key("content-length"));
    let mut body = Vec::new();
    GzDecoder::new(answer.body.as_slice()).read_to_end(&mut body).unwrap();
    assert!(answer.whole && body == file());
    assert_eq!(setting.ended("complete").await["bytes"], answer.body.len());
    assert!(!setting.upstream.heads()[0].contains("accept-encoding"));
}

#[tokio::test]
async fn nothing_is_not_compressed() {
    let setting =
        Setting::with(json!([{ "gzip": true, "status": 307, "headers": { "location": "/" } }])).await;
    let answer = get(setting.proxy, "/file", &[]).await;
    assert_eq!((answer.status, answer.body.len(), answer.whole), (307, 0, true));
    assert!(!answer.headers.contains_key("content-encoding"));
    let head = ask(Setting::with(json!([{ "gzip": true }])).await.proxy, "HEAD", "/file", &[]).await;
    assert_eq!((head.headers["content-encoding"].as_str(), head.body.len()), ("gzip", 0));
}

#[tokio::test]
async fn a_hidden_range_is_answered_with_the_whole() {
    let setting = Setting::with(json!([{ "ranged": true, "ignore_range": true }])).await;
    let answer = get(setting.proxy, "/file", &["Range: bytes=5-", "If-Range: \"x\""]).await;
    assert_eq!((answer.status, answer.whole, answer.body.len()), (200, true, 300_000));
    assert!(!setting.upstream.heads()[0].contains("range"));
    assert_eq!(setting.ended("complete").await["range"], "bytes=5-");
}

#[tokio::test]
async fn text_is_replaced_also_for_a_client_that_has_the_true_one() {
    let setting = Setting::with(json!([{ "path": "*.js", "replace": { "from": "v1", "to": "v2" } }])).await;
    let answer = get(setting.proxy, "/script.js", &["If-None-Match: \"s\""]).await;
    assert_eq!(String::from_utf8(answer.body).unwrap(), SCRIPT.replace("v1", "v2"));
    assert!(answer.status == 200 && answer.whole);
    assert!(get(setting.proxy, "/file", &[]).await.body == file());
}

#[tokio::test]
async fn a_slow_answer_comes_in_small_steps() {
    // All of it would take minutes, so that a part is seen on the slowest machine.
    let setting = Setting::with(json!([{ "bytes_per_second": 2000 }])).await;
    let mut stream = send(setting.proxy, "GET", "/file", &[]).await.unwrap();
    let came = read_body(&mut stream, 250).await.len();
    let bytes = setting.log().await[0]["bytes"].as_u64().unwrap();
    assert!(came < 150_000 && bytes < 150_000, "{came} {bytes}");
    // A hundredth of a second's bytes each.
    assert_eq!(bytes % 20, 0);
}

#[tokio::test]
async fn a_fast_rate_still_sends_all() {
    let setting = Setting::with(json!([{ "bytes_per_second": 100_000_000 }])).await;
    let answer = get(setting.proxy, "/file", &[]).await;
    assert!(answer.whole && answer.body == file());
}

#[tokio::test]
async fn a_delayed_request_is_open_and_upstream_not_asked() {
    let setting = Setting::with(json!([{ "delay_ms": 600_000 }])).await;
    let stream = send(setting.proxy, "GET", "/file", &[]).await.unwrap();
    let entry = until(|| async { setting.log().await.first().cloned() }).await;
    assert_eq!((&entry["status"], &entry["ended"]), (&json!(null), &json!("open")));
    assert!(setting.upstream.heads().is_empty());
    drop(stream);
    setting.ended("client-gone").await;
}

#[tokio::test]
async fn a_delay_passes() {
    let setting = Setting::with(json!([{ "delay_ms": 50 }])).await;
    assert!(get(setting.proxy, "/file", &[]).await.whole);
    assert_eq!(setting.upstream.heads().len(), 1);
}

#[tokio::test]
async fn faults_of_several_rules_add_up() {
    let setting = Setting::with(json!([
        { "name": "a", "corrupt_at": 10, "times": 1 },
        { "name": "b", "cut_at": 20 },
        { "name": "c", "cut_at": 5, "set_headers": { "x-c": "1" } },
    ]))
    .await;
    let mut expected = file()[..20].to_vec();
    expected[10] ^= 1;
    let answer = get(setting.proxy, "/file", &[]).await;
    assert_eq!((answer.body, answer.headers["x-c"].as_str()), (expected, "1"));
    assert_eq!(setting.ended("cut").await["faults"], json!(["a", "b", "c"]));
    assert_eq!(get(setting.proxy, "/file", &[]).await.body, file()[..20]);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_truncated_only_if_it_is_longer() {
    let setting = Setting::with(json!([{ "truncate_to": 5, "times": 1 }, { "truncate_to": 11 }])).await;
    let short = get(setting.proxy, "/chunked", &[]).await;
    assert_eq!((short.body.as_slice(), short.whole), (&b"hello"[..], true));
    setting.ended("truncated").await;
    let whole = get(setting.proxy, "/chunked", &[]).await;
    assert_eq!((whole.body.as_slice(), whole.whole), (&b"hello world"[..], true));
    let ended = async || setting.log().await[1]["ended"].clone();
    until(|| async { (ended().await == "complete").then_some(()) }).await;
}
