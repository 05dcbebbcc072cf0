//! Long answers, whose bytes the program hands over to the system instead of reading them, from files that stay and from
//! files that change.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::folder::{Folder, noise, sha256};
use crate::program::{PIECE, Program, read};

/// More than the kernel's buffers on both sides take together, and than is handed over at once.
const LARGE: usize = 48 << 20;

/// A program with a large file; the file's bytes and URL.
fn with_large_file(folder: &Folder, length: usize) -> (Program, Vec<u8>, String) {
    let bytes = noise(1, length);
    folder.put("o/n/a", &bytes);
    folder.put("o/m/b", b"well");
    let program = Program::start(folder, &[]);
    program.settle(folder);
    let info = program.get("/api/models/o/n").json();
    let url = format!("/o/n/resolve/{}/a", info["sha"].as_str().unwrap());
    (program, bytes, url)
}

/// What comes of an answer up to its end, however it ends: its body.
fn body(stream: &mut TcpStream, mut came: Vec<u8>) -> Vec<u8> {
    stream.read_to_end(&mut came).ok();
    let head = came.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    came.split_off(head + 4)
}

/// Reads the beginning of an answer, lets `change` happen, reads the rest; says what was sent and what came.
fn change_while_sent(change: impl FnOnce(&Folder)) -> (Vec<u8>, Vec<u8>) {
    let folder = Folder::new();
    let (program, bytes, url) = with_large_file(&folder, LARGE);
    let mut stream = program.request(&format!("GET {url}"), &[]);
    let mut first = vec![0; 100_000];
    stream.read_exact(&mut first).unwrap();
    change(&folder);
    let came = body(&mut stream, first);
    assert_eq!(program.get(&format!("/pieces/{}", sha256(b"well"))).body, b"well", "it goes on");
    (bytes, came)
}

#[test]
fn long_answers_are_the_file_whole_in_part_and_in_parts() {
    let folder = Folder::new();
    let (program, bytes, url) = with_large_file(&folder, 5 * (1 << 20) + 77);
    assert!(program.get(&url).body == bytes);
    // Around the lengths from which on, and up to which, bytes are handed over.
    for (first, last) in [(0, 65_535), (1, 65_537), (3, 1 << 20), (4095, 4096 + (1 << 20)), (100, 4_500_000)]
    {
        let part = program.ask(&format!("GET {url}"), &[("Range", &format!("bytes={first}-{last}"))]);
        assert_eq!(part.status, 206);
        assert!(part.body == bytes[first..=last], "{first}-{last}");
    }
    let parts = program.ask(&format!("GET {url}"), &[("Range", "bytes=0-1999999,3000000-4999999")]);
    assert_eq!(parts.status, 206);
    assert_eq!(parts.field("content-length"), parts.body.len().to_string());
    let found = |part: &[u8]| {
        let start = parts.body.windows(64).position(|window| window == &part[..64]).unwrap();
        parts.body[start..].starts_with(part)
    };
    assert!(found(&bytes[..2_000_000]) && found(&bytes[3_000_000..5_000_000]));
}

#[test]
fn several_long_answers_follow_each_other_on_one_connection() {
    let folder = Folder::new();
    let (program, bytes, url) = with_large_file(&folder, 3 << 20);
    let mut stream = program.connect();
    write!(stream, "HEAD {url} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    write!(stream, "GET {url} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    write!(stream, "GET {url} HTTP/1.1\r\nHost: x\r\nRange: bytes=5-2000000\r\nConnection: close\r\n\r\n")
        .unwrap();
    let all = read(stream).body;
    let last = &bytes[5..=2_000_000];
    assert!(all.ends_with(last));
    let rest = &all[..all.len() - last.len()];
    let start = rest.windows(64).position(|window| window == &bytes[..64]).unwrap();
    assert!(rest[start..].starts_with(&bytes));
}

#[test]
fn a_file_cut_while_it_is_sent_gives_a_short_body() {
    let (bytes, came) = change_while_sent(|folder| {
        let file = File::options().write(true).open(folder.models().join("o/n/a")).unwrap();
        file.set_len(PIECE as u64).unwrap();
    });
    assert!(came.len() < bytes.len());
}

#[test]
fn a_file_overwritten_while_it_is_sent_gives_a_short_body() {
    let (bytes, came) = change_while_sent(|folder| {
        let file = File::options().write(true).open(folder.models().join("o/n/a")).unwrap();
        (&file).write_all(&noise(2, LARGE)).unwrap();
    });
    assert!(came.len() < bytes.len());
}

#[test]
fn a_file_that_grows_while_it_is_sent_gives_a_short_body() {
    let (bytes, came) = change_while_sent(|folder| {
        let mut file = File::options().append(true).open(folder.models().join("o/n/a")).unwrap();
        file.write_all(b"more").unwrap();
    });
    assert!(came.len() < bytes.len());
    assert!(bytes.starts_with(&came));
}

#[test]
fn a_file_replaced_or_removed_while_it_is_sent_is_sent_to_its_end() {
    let (bytes, came) = change_while_sent(|folder| folder.replace("o/n/a", &noise(2, LARGE)));
    assert!(came == bytes);
    let (bytes, came) = change_while_sent(|folder| fs::remove_file(folder.models().join("o/n/a")).unwrap());
    assert!(came == bytes);
}

#[test]
fn a_neighbour_is_answered_during_large_downloads() {
    let folder = Folder::new();
    let (program, bytes, url) = with_large_file(&folder, 8 << 20);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    assert!(program.get(&url).body.len() == bytes.len());
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        for _ in 0..100 {
            assert_eq!(program.get("/healthz").status, 200);
        }
        over.store(true, Ordering::Relaxed);
    });
}
