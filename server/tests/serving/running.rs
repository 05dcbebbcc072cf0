//! The running program: bodies over a real socket, files that change under them, the access log.

use std::fs;
use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::folder::{Folder, noise, sha256, until};
use crate::limits::LARGE;
use crate::program::{PIECE, Program, read};

/// Each byte of a file before it changes, and after.
const OLD: u8 = 1;
const NEW: u8 = 2;

fn revision(program: &Program, model: &str) -> String {
    let info = program.get(&format!("/api/models/{model}")).json();
    info["sha"].as_str().unwrap().to_owned()
}

#[test]
fn files_and_pieces_come_whole_and_in_parts() {
    let folder = Folder::new();
    let bytes = noise(1, 20 * PIECE + 7);
    folder.put("o/n/a", &bytes);
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    let url = format!("/o/n/resolve/{}/a", revision(&program, "o/n"));
    assert!(program.get(&url).body == bytes);
    let part = program.ask(&format!("GET {url}"), &[("Range", "bytes=100000-1000000")]);
    assert_eq!((part.status, part.field("content-range")), (206, "bytes 100000-1000000/1310727"));
    assert!(part.body == bytes[100_000..=1_000_000]);
    let head = program.ask(&format!("HEAD {url}"), &[]);
    assert_eq!((head.status, head.field("content-length")), (200, "1310727"));
    assert!(head.body.is_empty());
    let last = &bytes[20 * PIECE..];
    assert!(program.get(&format!("/pieces/{}", sha256(last))).body == last);
    let redirect = program.ask("HEAD /o/n/resolve/main/a", &[]);
    assert_eq!((redirect.status, redirect.field("location")), (307, url.as_str()));
}

#[test]
fn one_connection_serves_several_requests() {
    let folder = Folder::new();
    folder.put("o/n/a", &noise(1, PIECE));
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    let url = format!("/pieces/{}", sha256(&noise(1, PIECE)));
    let mut stream = program.connect();
    write!(stream, "HEAD {url} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    write!(stream, "GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let both = read(stream);
    let second = b"HTTP/1.1 200 OK";
    assert!(both.body.starts_with(second));
    assert!(both.body.ends_with(&noise(1, PIECE)));
}

/// Reads the beginning of an answer, lets `change` happen, and returns what came in all and the file's length. Over TLS, where
/// the program reads what it sends; `sending.rs` does the same where the kernel sends the file.
fn change_while_served(change: impl FnOnce(&Folder)) -> (Vec<u8>, usize) {
    let folder = Folder::new();
    let bytes = vec![OLD; LARGE];
    folder.put("o/n/a", &bytes);
    let program = Program::start_secure(&folder, &[]);
    program.settle(&folder);
    let url = format!("/o/n/resolve/{}/a", revision(&program, "o/n"));
    let mut stream = program.trust().over(program.connect(), b"http/1.1");
    write!(stream, "GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut first = vec![0; 100_000];
    stream.read_exact(&mut first).unwrap();
    change(&folder);
    let mut rest = Vec::new();
    // How a connection that is cut looks differs; that bytes are missing does not.
    stream.read_to_end(&mut rest).ok();
    first.extend(rest);
    let body = first.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let received = first.split_off(body);
    assert!(bytes.starts_with(&received), "only bytes of the old file may arrive");
    (received, bytes.len())
}

#[test]
fn a_file_overwritten_while_it_is_served_gives_a_short_body() {
    let (received, length) = change_while_served(|folder| {
        let file = fs::File::options().write(true).open(folder.models().join("o/n/a")).unwrap();
        (&file).write_all(&vec![NEW; LARGE]).unwrap();
    });
    assert!(received.len() < length);
}

#[test]
fn a_file_cut_while_it_is_served_gives_a_short_body() {
    let (received, length) = change_while_served(|folder| {
        let file = fs::File::options().write(true).open(folder.models().join("o/n/a")).unwrap();
        file.set_len(1000).unwrap();
    });
    assert!(received.len() < length);
}

#[test]
fn a_file_replaced_while_it_is_served_is_served_to_its_end() {
    let (received, length) = change_while_served(|folder| folder.replace("o/n/a", &vec![NEW; LARGE]));
    assert_eq!(received.len(), length);
}

#[test]
fn the_access_log_has_a_line_for_every_request() {
    let folder = Folder::new();
    let bytes = noise(1, 64 * PIECE);
    folder.put("o/n/a b", &bytes);
    folder.put("o/n/large", &vec![0; LARGE]);
    let log = folder.beside("access.log");
    let program = Program::start(&folder, &["--access-log", log.to_str().unwrap()]);
    program.settle(&folder);
    let files = format!("/o/n/resolve/{}", revision(&program, "o/n"));
    let (url, large) = (format!("{files}/a%20b"), format!("{files}/large"));
    let lines = |about: &str| -> Vec<Value> {
        let text = fs::read_to_string(&log).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["path"] == about).collect()
    };
    program.get(&format!("{url}?query"));
    program.ask(&format!("HEAD {url}"), &[]);
    program.ask(&format!("GET {url}"), &[("Range", "bytes=0-99")]);
    program.get("/nope");
    // Given up in the middle.
    let mut stream = program.request(&format!("GET {large}"), &[]);
    stream.read_exact(&mut [0; 1000]).unwrap();
    drop(stream);
    let logged = until("three lines", || Some(lines(&url)).filter(|lines| lines.len() == 3));
    let row = |i: usize| {
        let line = &logged[i];
        (line["method"].clone(), line["status"].clone(), line["bytes"].clone(), line["range"].clone())
    };
    assert_eq!(row(0), (json!("GET"), json!(200), json!(bytes.len()), json!(null)));
    assert_eq!(row(1), (json!("HEAD"), json!(200), json!(0), json!(null)));
    assert_eq!(row(2), (json!("GET"), json!(206), json!(100), json!("bytes=0-99")));
    let given_up = until("the fourth line", || lines(&large).first()?["bytes"].as_u64());
    assert!(given_up > 0 && given_up < LARGE as u64);
    assert!(logged[0]["ms"].is_u64());
    let missing = until("a line about what is not there", || lines("/nope").pop());
    assert_eq!(missing["status"], 404);
}
