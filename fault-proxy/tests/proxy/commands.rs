//! The control address.

use std::io::ErrorKind;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::client::{get, read_body, send};
use crate::setting::Setting;
use crate::upstream::{Upstream, file};

#[tokio::test]
async fn rules_are_replaced_and_shown_with_their_use() {
    let setting = Setting::with(json!([{ "cut_at": 1 }])).await;
    let (status, shown) =
        setting.command("PUT", "/rules", json!([{ "name": "busy", "status": 503, "times": 1 }])).await;
    assert_eq!((status, &shown[0]["used"]), (200, &json!(0)));
    assert_eq!(get(setting.proxy, "/file", &[]).await.status, 503);
    assert_eq!(get(setting.proxy, "/file", &[]).await.status, 200);
    let (_, shown) = setting.command("GET", "/rules", json!(null)).await;
    assert_eq!(shown, json!([{ "name": "busy", "status": 503, "times": 1, "matched": 2, "used": 1 }]));
}

#[tokio::test]
async fn wrong_rules_are_refused_and_the_old_ones_stay() {
    let setting = Setting::with(json!([{ "status": 503 }])).await;
    let wrong = json!([{ "gzip": true }, { "cut_at": "10" }]);
    let (status, answer) = setting.command("PUT", "/rules", wrong).await;
    assert_eq!(status, 400);
    assert_eq!(
        answer,
        json!({ "error": "rule 1: cut_at: expected a whole number, 0 or more, found \"10\"" })
    );
    assert_eq!(get(setting.proxy, "/file", &[]).await.status, 503);
}

#[tokio::test]
async fn what_is_no_command_is_said_to_be_none() {
    let setting = Setting::with(json!([])).await;
    assert_eq!(setting.command("GET", "/rule", json!(null)).await.0, 404);
    for (method, path, body) in [
        ("PUT", "/upstream", json!({ "upp": true })),
        ("PUT", "/upstream", json!({ "url": "https://localhost" })),
        ("PUT", "/rules", json!({})),
        ("POST", "/cut", json!({ "kind": "rst" })),
        ("GET", "/log?since=x", json!(null)),
        ("GET", "/log?from=1", json!(null)),
    ] {
        let (status, answer) = setting.command(method, path, body).await;
        assert!(status == 400 && answer["error"].is_string(), "{method} {path}: {status} {answer}");
    }
}

#[tokio::test]
async fn the_log_can_be_read_from_a_number_on() {
    let setting = Setting::with(json!([])).await;
    for path in ["/a", "/b", "/c"] {
        get(setting.proxy, path, &[]).await;
    }
    let (_, log) = setting.command("GET", "/log?since=2", json!(null)).await;
    assert_eq!((&log["next"], &log["requests"][0]["path"]), (&json!(3), &json!("/c")));
    assert_eq!(log["requests"].as_array().unwrap().len(), 1);
    let (_, log) = setting.command("GET", "/log?since=3", json!(null)).await;
    assert_eq!(log, json!({ "next": 3, "requests": [] }));
}

#[tokio::test]
async fn down_closes_what_is_open_and_refuses_and_up_is_the_same_port() {
    let setting = Setting::with(json!([{ "stall_at": 10, "times": 1 }])).await;
    let mut stream = send(setting.proxy, "GET", "/file", &[]).await.unwrap();
    read_body(&mut stream, 10).await;
    setting.set_up(false).await;
    assert_eq!(stream.read(&mut [0; 10]).await.unwrap(), 0);
    setting.ended("cut").await;
    for _ in 0..3 {
        let refused = TcpStream::connect(setting.proxy).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
    // Saying it twice changes nothing.
    setting.set_up(false).await;
    for _ in 0..3 {
        setting.set_up(true).await;
        assert!(get(setting.proxy, "/file", &[]).await.body == file());
        setting.set_up(false).await;
    }
    setting.set_up(true).await;
    setting.set_up(true).await;
    assert!(get(setting.proxy, "/file", &[]).await.whole);
}

#[tokio::test]
async fn another_upstream_answers_from_the_next_request_on() {
    let setting = Setting::with(json!([])).await;
    let other = Upstream::start().await;
    let url = format!("http://{}", other.address);
    let (_, shown) = setting.command("PUT", "/upstream", json!({ "url": url })).await;
    assert_eq!((&shown["url"], &shown["up"]), (&json!(url), &json!(true)));
    assert_eq!(shown["listening"], format!("http://{}", setting.proxy));
    get(setting.proxy, "/file", &[]).await;
    assert_eq!((setting.upstream.heads().len(), other.heads().len()), (0, 1));
}

#[tokio::test]
async fn a_cut_ends_all_that_is_open_and_nothing_else() {
    let setting = Setting::with(json!([{ "stall_at": 10 }])).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = send(setting.proxy, "GET", "/file", &[]).await.unwrap();
        read_body(&mut stream, 10).await;
        streams.push(stream);
    }
    let (status, answer) = setting.command("POST", "/cut", json!({ "kind": "reset" })).await;
    assert_eq!((status, answer), (200, json!({ "connections": 3 })));
    for mut stream in streams {
        assert_eq!(stream.read(&mut [0; 10]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    for entry in setting.log().await {
        assert_eq!((&entry["ended"], &entry["bytes"]), (&json!("cut"), &json!(10)));
    }
    setting.command("PUT", "/rules", json!([])).await;
    assert!(get(setting.proxy, "/file", &[]).await.whole);
}
