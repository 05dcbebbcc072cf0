//! A client that sees what really comes over the connection, and how it ends.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came until the server closed the connection.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    /// As it came, chunks put together.
    pub(crate) body: Vec<u8>,
    /// All that the head promised has come.
    pub(crate) whole: bool,
    /// None if it was closed in the ordinary way.
    pub(crate) error: Option<io::ErrorKind>,
}

/// Sends a request, with more header lines, that asks to close the connection after the answer.
pub(crate) async fn send(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(to).await?;
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: example.test\r\nConnection: close\r\n{lines}\r\n");
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}

pub(crate) async fn get(to: SocketAddr, path: &str, headers: &[&str]) -> Answer {
    ask(to, "GET", path, headers).await
}

pub(crate) async fn ask(to: SocketAddr, method: &str, path: &str, headers: &[&str]) -> Answer {
    let mut stream = send(to, method, path, headers).await.unwrap();
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).await.err().map(|error| error.kind());
    parse(method, &bytes, error)
}

/// Reads until so many bytes of the body are there; the connection stays open.
pub(crate) async fn read_body(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(start) = end_of_head(&bytes).filter(|start| bytes.len() >= start + length) {
            return bytes.split_off(start);
        }
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "closed after {} bytes", bytes.len());
        bytes.extend_from_slice(&buffer[..read]);
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|place| place + 4)
}

fn parse(method: &str, bytes: &[u8], error: Option<io::ErrorKind>) -> Answer {
    let Some(start) = end_of_head(bytes) else {
        return Answer { status: 0, headers: HashMap::new(), body: Vec::new(), whole: false, error };
    };
    let head = String::from_utf8(bytes[..start].to_vec()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HashMap<_, _> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let rest = &bytes[start..];
    let (body, whole) = if headers.contains_key("transfer-encoding") {
        join_chunks(rest)
    } else {
        let promised = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let bodiless = method == "HEAD" || status == 304;
        (rest.to_vec(), rest.len() == if bodiless { 0 } else { promised })
    };
    Answer { status, headers, body, whole, error }
}

/// RFC 9112, section 7.1. Whether the last chunk was there is the second value.
fn join_chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        rest = &rest[line + 2..];
        if size == 0 {
            return (body, rest == b"\r\n");
        }
        let there = size.min(rest.len());
        body.extend_from_slice(&rest[..there]);
        rest = &rest[(there + 2).min(rest.len())..];
    }
    (body, false)
}
