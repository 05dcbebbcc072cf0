//! A tiny server: one file with ranges and a validator, and some answers that go wrong by themselves.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) const ETAG: &str = "\"the-file\"";
pub(crate) const SCRIPT: &str = "const version = 'v1'; // v1\n";

/// Length in bytes of `/flood`.
pub(crate) const FLOOD: usize = 512 << 20;

/// The file: 300,000 bytes that are not alike.
pub(crate) fn file() -> Vec<u8> {
    (0..300_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    /// Connections that were closed by the other side in the middle of an answer.
    pub(crate) deserted: watch::Receiver<usize>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let (desert, deserted) = watch::channel(0);
        let (seen, desert) = (Arc::clone(&heads), Arc::new(desert));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&seen), Arc::clone(&desert)));
            }
        });
        Self { address, heads, deserted }
    }

    /// The heads of all requests, in small letters.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, heads: Arc<Mutex<Vec<String>>>, desert: Arc<watch::Sender<usize>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    heads.lock().unwrap().push(head.clone());
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let mut request = head.split(' ');
    let (method, path) = (request.next().unwrap(), request.next().unwrap());

    if path == "/echo" {
        let length = header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        write(&mut stream, "200 OK", &[&format!("Content-Length: {length}")], &body).await;
    } else if path == "/endless" {
        // Begins, and then waits for the other side to leave.
        write(&mut stream, "200 OK", &["Content-Length: 1000000"], &[7; 1000]).await;
        stream.read_u8().await.unwrap_err();
        desert.send_modify(|number| *number += 1);
    } else if path == "/flood" {
        // More than all buffers on the way can hold.
        write(&mut stream, "200 OK", &[&format!("Content-Length: {FLOOD}")], &[]).await;
        let chunk = vec![7; 1 << 20];
        for _ in 0..FLOOD / chunk.len() {
            if stream.write_all(&chunk).await.is_err() {
                desert.send_modify(|number| *number += 1);
                return;
            }
        }
    } else if path == "/broken" {
        write(&mut stream, "200 OK", &["Content-Length: 1000000"], &[7; 1000]).await;
    } else if path == "/chunked" {
        write(
            &mut stream,
            "200 OK",
            &["Transfer-Encoding: chunked"],
            b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        )
        .await;
    } else if path == "/script.js" && header("if-none-match").is_some() {
        write(&mut stream, "304 Not Modified", &["ETag: \"s\""], b"").await;
    } else if path == "/script.js" {
        let length = format!("Content-Length: {}", SCRIPT.len());
        write(&mut stream, "200 OK", &["ETag: \"s\"", &length], SCRIPT.as_bytes()).await;
    } else if header("if-none-match") == Some(ETAG) {
        write(&mut stream, "304 Not Modified", &[&format!("ETag: {ETAG}")], b"").await;
    } else {
        serve_file(&mut stream, method, header("range")).await;
    }
}

async fn serve_file(stream: &mut TcpStream, method: &str, range: Option<&str>) {
    let file = file();
    let (first, last) = match range {
        None => (0, file.len() - 1),
        Some(range) => {
            let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            (first.parse().unwrap(), last.parse().unwrap_or(file.len() - 1))
        }
    };
    let part = &file[first..=last];
    let length = format!("Content-Length: {}", part.len());
    let place = format!("Content-Range: bytes {first}-{last}/{}", file.len());
    let etag = format!("ETag: {ETAG}");
    let common = ["Keep-Alive: timeout=5", "X-Kept: yes", &etag, &length];
    let body = if method == "head" { b"" } else { part };
    if range.is_some() {
        write(stream, "206 Partial Content", &[&common[..], &[&place]].concat(), body).await;
    } else {
        write(stream, "200 OK", &common, body).await;
    }
}

async fn write(stream: &mut TcpStream, status: &str, headers: &[&str], body: &[u8]) {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let head = format!("HTTP/1.1 {status}\r\n{lines}\r\n");
    // The proxy may have left.
    stream.write_all(head.as_bytes()).await.ok();
    stream.write_all(body).await.ok();
}
