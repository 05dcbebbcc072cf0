//! HTTP/2: the same limits as with HTTP/1.1, for a connection and for each answer in it.

use std::io::{Read, Write};
use std::net::TcpStream as BlockingStream;
use std::time::Duration;

use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use crate::folder::{Folder, until};
use crate::limits::LARGE;
use crate::program::Program;

/// With what a client begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection, and what became of it when it has ended.
struct Client {
    requests: SendRequest<Bytes>,
    ended: tokio::task::JoinHandle<Result<(), h2::Error>>,
}

impl Client {
    /// With a window of so many bytes for each answer.
    async fn connect(program: &Program, window: u32) -> Self {
        let stream = TcpStream::connect(program.address()).await.unwrap();
        let connector = TlsConnector::from(program.trust().client(b"h2"));
        let stream = connector.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.unwrap();
        let (requests, connection) = h2::client::Builder::new()
            .initial_window_size(window)
            .initial_connection_window_size(1 << 30)
            .handshake(stream)
            .await
            .unwrap();
        Self { requests, ended: tokio::spawn(connection) }
    }

    async fn send(&self, request: Request<()>) -> Result<(StatusCode, HeaderMap, RecvStream), h2::Error> {
        let mut ready = self.requests.clone().ready().await?;
        let (answer, _) = ready.send_request(request, true)?;
        let (head, body) = answer.await?.into_parts();
        Ok((head.status, head.headers, body))
    }

    async fn get(&self, path: &str) -> Result<(StatusCode, HeaderMap, RecvStream), h2::Error> {
        self.send(Request::get(format!("https://127.0.0.1{path}")).body(()).unwrap()).await
    }
}

/// Reads so much of the rest as comes; how it ended.
async fn drain(mut body: RecvStream, pause: Duration) -> (usize, Result<(), h2::Error>) {
    let mut came = 0;
    while let Some(data) = body.data().await {
        match data {
            Ok(bytes) => came += bytes.len(),
            Err(error) => return (came, Err(error)),
        }
        let held = body.flow_control().used_capacity();
        body.flow_control().release_capacity(held).unwrap();
        sleep(pause).await;
    }
    (came, Ok(()))
}

/// More than any window here.
const LONG: usize = 8 << 20;

/// A program with a file of so many zeros; its URL.
fn with_file(folder: &Folder, length: usize, flags: &[&str]) -> (Program, String) {
    folder.put("o/n/a", &vec![0; length]);
    let program = Program::start_secure(folder, flags);
    program.settle(folder);
    let info = program.get("/api/models/o/n").json();
    let url = format!("/o/n/resolve/{}/a", info["sha"].as_str().unwrap());
    (program, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_or_only_begins_a_request_is_closed() {
    let folder = Folder::new();
    let program = Program::start_secure(&folder, &["--head-seconds", "1"]);
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    // HEADERS of stream 1 with 1 of 9 bytes, and what follows of it.
    const HEADERS: &[u8] = &[0, 0, 9, 1, 1, 0, 0, 0, 1, 0x82];
    let said = [
        b"".to_vec(),
        PREFACE[..9].to_vec(),
        [PREFACE, SETTINGS].concat(),
        [PREFACE, SETTINGS, HEADERS].concat(),
    ];
    let mut silent: Vec<_> = said.iter().map(|_| program.trust().over(program.connect(), b"h2")).collect();
    for (stream, said) in silent.iter_mut().zip(&said) {
        stream.write_all(said).unwrap();
    }
    for (mut stream, said) in silent.into_iter().zip(said) {
        let mut came = Vec::new();
        if let Err(error) = stream.read_to_end(&mut came) {
            assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "not closed in a minute, {said:?}");
        }
    }

    // Who asks now and then is not.
    let client = Client::connect(&program, 65_535).await;
    for _ in 0..6 {
        sleep(Duration::from_millis(300)).await;
        assert_eq!(client.get("/healthz").await.unwrap().0, 200);
    }
    // The goodbye and the end may come together.
    client.ended.await.unwrap().ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_read_is_given_up_and_others_in_its_connection_are_not() {
    let folder = Folder::new();
    let log = folder.beside("access.log");
    let flags = ["--stall-seconds", "1", "--least-rate", "100000", "--access-log", log.to_str().unwrap()];
    let (program, url) = with_file(&folder, LONG, &flags);
    let client = Client::connect(&program, 1 << 20).await;
    let (status, _, unread) = client.get(&url).await.unwrap();
    assert_eq!(status, 200);
    // A window that never opens.
    let shut = Client::connect(&program, 0).await;
    let (_, _, nothing) = shut.get(&url).await.unwrap();
    // Slow, and fast enough: this takes longer than the other one has.
    let (_, _, slow) = client.get(&url).await.unwrap();
    let (came, ended) = drain(slow, Duration::from_millis(5)).await;
    assert_eq!((came, ended.is_ok()), (LONG, true));
    until("both to be given up", || {
        let lines = std::fs::read_to_string(&log).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        (lines.filter(|line| line["path"] == url && line["bytes"] != LONG).count() == 2).then_some(())
    });
    for body in [unread, nothing] {
        let (came, ended) = drain(body, Duration::ZERO).await;
        assert!(came < LONG);
        assert_eq!(ended.unwrap_err().reason(), Some(Reason::CANCEL));
    }
    assert_eq!(client.get("/healthz").await.unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_an_answer_does_not_keep_a_connection_that_nobody_uses() {
    let folder = Folder::new();
    let (program, url) = with_file(&folder, 50_000, &["--head-seconds", "1"]);
    // All of it is handed over at once, and most of it can never be sent.
    let client = Client::connect(&program, 1000).await;
    let (status, _, body) = client.get(&url).await.unwrap();
    assert_eq!(status, 200);
    client.ended.await.unwrap().ok();
    drop(body);
    assert_eq!(program.health()["status"], "ok");
}

#[test]
fn who_opens_every_window_and_does_not_read_is_closed() {
    let folder = Folder::new();
    let log = folder.beside("access.log");
    let flags = ["--stall-seconds", "0.5", "--access-log", log.to_str().unwrap()];
    let (program, url) = with_file(&folder, LARGE, &flags);
    // By hand, since a client in its right mind reads. RFC 9113 sections 3.4, 6.5, 6.9 and 6.2; RFC 7541 appendix A.
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let fields = [&[0x82, 0x87, 0x04], text(&url).as_slice(), &[0x01], text("x").as_slice()].concat();
    let length = u8::try_from(fields.len()).unwrap();
    let said = [
        PREFACE,
        &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff],
        &[0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0, 0],
        &[0, 0, length, 1, 5, 0, 0, 0, 1],
        &fields,
    ];
    let mut stream = program.trust().over(program.connect(), b"h2");
    stream.write_all(&said.concat()).unwrap();
    until("the answer to be given up", || {
        let lines = std::fs::read_to_string(&log).unwrap();
        let mut lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.find(|line| line["path"] == url)
    });
    let mut came = Vec::new();
    if let Err(error) = stream.read_to_end(&mut came) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "not closed in a minute");
    }
    assert!((100_000..LARGE).contains(&came.len()), "{}", came.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_download_may_finish_when_the_program_is_asked_to_end() {
    let folder = Folder::new();
    let (program, url) = with_file(&folder, LONG, &[]);
    let client = Client::connect(&program, 1 << 20).await;
    let (_, _, running) = client.get(&url).await.unwrap();
    let idle = Client::connect(&program, 65_535).await;
    let silent = program.connect();
    let ending = program.ask_to_end();
    idle.ended.await.unwrap().ok();
    assert!(crate::limits::closed(&silent).is_empty(), "a handshake is nothing to wait for");
    assert!(BlockingStream::connect(ending.address()).is_err(), "no new connections");
    // Those that were on their way when the server said goodbye are still answered (RFC 9113 section 6.8).
    let refused = async { while client.get("/healthz").await.is_ok() {} };
    timeout(Duration::from_secs(20), refused).await.expect("no new requests");
    let (came, ended) = drain(running, Duration::ZERO).await;
    assert_eq!((came, ended.is_ok()), (LONG, true));
    assert!(ending.ended().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_must_be_one_request() {
    let folder = Folder::new();
    let program = Program::start_secure(&folder, &[]);
    let client = Client::connect(&program, 65_535).await;
    let get = |url: &str| Request::get(url);
    let long = |length: usize| format!("https://x/{}", "a".repeat(length));
    let rows = [
        (get("https://x/healthz").body(()), 200),
        (get("https://x/healthz").header("host", "X").body(()), 200),
        (get("https://x/healthz").header("host", "y").body(()), 400),
        (get("https://x/healthz").header("host", "x").header("host", "x").body(()), 400),
        // As who passes on requests of HTTP/1.1 may say it.
        (get("/healthz").version(axum::http::Version::HTTP_11).header("host", "x").body(()), 200),
        (get("/healthz").version(axum::http::Version::HTTP_11).body(()), 400),
        (get("https://x/o/n/resolve/main/%00").body(()), 404),
        (get("https://x/o/n/resolve/main/..%2f..%2fetc%2fpasswd").body(()), 404),
        (get(&long(8191)).body(()), 404),
        (get(&long(8192)).body(()), 414),
        (get(&long(60_000)).body(()), 414),
        (get("https://x/healthz").header("x", "a".repeat(70_000)).body(()), 431),
    ];
    for (request, expected) in rows {
        let request = request.unwrap();
        let about = format!("{:.60} {:?}", request.uri().to_string(), request.headers().get_all("host"));
        let (status, headers, _) = client.send(request).await.unwrap();
        assert_eq!(status, expected, "{about}");
        assert!(!headers.contains_key("connection"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_takes_back_without_end_is_closed() {
    let folder = Folder::new();
    let program = Program::start_secure(&folder, &[]);
    let client = Client::connect(&program, 65_535).await;
    let mut requests = client.requests.clone();
    for _ in 0..100_000 {
        let request = Request::get("https://x/api/models").body(()).unwrap();
        requests = match requests.ready().await {
            Ok(requests) => requests,
            Err(_) => break,
        };
        match requests.send_request(request, true) {
            Ok((_, mut stream)) => stream.send_reset(Reason::CANCEL),
            Err(_) => break,
        }
    }
    let ended = client.ended.await.unwrap().unwrap_err();
    // The reason may be lost on the way, since it goes on writing.
    assert!(ended.is_io() || ended.reason() == Some(Reason::ENHANCE_YOUR_CALM), "{ended}");
    assert_eq!(program.health()["status"], "ok");
}

/// RFC 9113 section 8.3.1.
#[tokio::test]
async fn an_authority_with_a_user_is_refused() {
    let folder = Folder::new();
    let program = Program::start_secure(&folder, &[]);
    let client = Client::connect(&program, 65_535).await;
    let mut statuses = Vec::new();
    for user in ["", "user@", "user:word@"] {
        let request = Request::get(format!("https://{user}127.0.0.1/healthz")).body(()).unwrap();
        statuses.push(client.send(request).await.unwrap().0.as_u16());
    }
    assert_eq!(statuses, [200, 400, 400]);
}
