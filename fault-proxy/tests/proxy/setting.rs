//! A proxy in front of the tiny server, with its commands as functions.

use std::net::SocketAddr;
use std::time::Duration;

use fault_proxy::{Config, Proxy, Rules};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::upstream::Upstream;

pub(crate) struct Setting {
    pub(crate) upstream: Upstream,
    pub(crate) proxy: SocketAddr,
    pub(crate) control: SocketAddr,
}

impl Setting {
    /// With these rules.
    pub(crate) async fn with(rules: Value) -> Self {
        let upstream = Upstream::start().await;
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let proxy = Proxy::start(Config {
            upstream: format!("http://{}", upstream.address).parse().unwrap(),
            listen: any,
            control: any,
            rules: Rules::from_json(rules.to_string().as_bytes()).unwrap(),
        });
        let proxy = proxy.await.unwrap();
        Self { upstream, proxy: proxy.address(), control: proxy.control_address() }
    }

    pub(crate) async fn command(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(self.control).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: c\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    pub(crate) async fn log(&self) -> Vec<Value> {
        let (status, value) = self.command("GET", "/log", Value::Null).await;
        assert_eq!(status, 200);
        value["requests"].as_array().unwrap().clone()
    }

    /// The log's only entry, once it has ended in this way.
    pub(crate) async fn ended(&self, how: &str) -> Value {
        until(|| async {
            let log = self.log().await;
            let [entry] = log.as_slice() else { panic!("{log:?}") };
            let end = &entry["ended"];
            assert!(end == how || end == "open", "{entry}");
            (end == how).then(|| entry.clone())
        })
        .await
    }

    pub(crate) async fn set_up(&self, up: bool) {
        let (status, answer) = self.command("PUT", "/upstream", json!({ "up": up })).await;
        assert_eq!((status, &answer["up"]), (200, &json!(up)), "{answer}");
    }
}

/// Asks until there is something.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    let found = async {
        loop {
            if let Some(value) = ask().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.expect("what was waited for did not happen")
}
