//! Clients that take without giving: each limit has one that reaches it, and one beside it that does not.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::folder::{Folder, sha256, until};
use crate::program::{PIECE, Program, read};

/// More than the kernel's buffers on both sides take together.
pub(crate) const LARGE: usize = 48 << 20;

/// A program with a large file of zeros; its URL.
pub(crate) fn with_large_file(folder: &Folder, flags: &[&str]) -> (Program, String) {
    folder.put("o/n/a", &vec![0; LARGE]);
    let program = Program::start(folder, flags);
    program.settle(folder);
    let info = program.get("/api/models/o/n").json();
    let url = format!("/o/n/resolve/{}/a", info["sha"].as_str().unwrap());
    (program, url)
}

/// Waits until the server has closed the connection; says what had come.
pub(crate) fn closed(mut stream: &TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A connection that is reset is closed too.
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "not closed in a minute"),
    }
    bytes
}

#[test]
fn who_says_nothing_or_half_a_request_is_closed_and_who_is_slow_but_done_is_not() {
    let folder = Folder::new();
    let program = Program::start(&folder, &["--head-seconds", "1"]);
    let silent = program.connect();
    let mut half = program.connect();
    half.write_all(b"GET /healthz HTTP/1.1\r\nHost:").unwrap();

    let mut slow = program.connect();
    for part in ["GET /healthz HT", "TP/1.1\r\nHo", "st: x\r\nConnection: close\r\n\r\n"] {
        slow.write_all(part.as_bytes()).unwrap();
        sleep(Duration::from_millis(100));
    }
    assert_eq!(read(slow).status, 200);
    assert!(closed(&silent).is_empty());
    assert!(closed(&half).is_empty());
}

#[test]
fn who_drips_a_request_is_closed_in_the_middle() {
    let folder = Folder::new();
    let program = Program::start(&folder, &["--head-seconds", "0.5"]);
    let mut stream = program.connect();
    let began = Instant::now();
    let mut dripped = 0;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nX: ").unwrap();
    // The second write after the closing is the first that fails.
    while stream.write_all(b"x").is_ok() {
        dripped += 1;
        assert!(began.elapsed() < Duration::from_secs(60), "{dripped} bytes");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_idle_connection_is_closed_and_may_be_used_again_before() {
    let folder = Folder::new();
    let program = Program::start(&folder, &["--head-seconds", "1"]);
    let mut stream = program.connect();
    for _ in 0..3 {
        write!(stream, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = [0; 4096];
        let count = stream.read(&mut answer).unwrap();
        assert!(answer[..count].starts_with(b"HTTP/1.1 200"));
        sleep(Duration::from_millis(200));
    }
    assert!(closed(&stream).is_empty());
}

#[test]
fn who_never_reads_an_answer_is_closed() {
    let folder = Folder::new();
    let log = folder.beside("access.log");
    let flags = ["--stall-seconds", "0.5", "--access-log", log.to_str().unwrap()];
    let (program, url) = with_large_file(&folder, &flags);
    let stream = program.request(&format!("GET {url}"), &[]);
    // It is written when the answer is given up.
    until("the answer to be given up", || {
        let lines = fs::read_to_string(&log).unwrap();
        let mut lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.find(|line| line["path"] == url)
    });
    assert!(closed(&stream).len() < LARGE);
}

#[test]
fn who_reads_less_than_the_least_rate_is_closed_and_who_reads_more_gets_all() {
    let folder = Folder::new();
    let flags = ["--stall-seconds", "1", "--least-rate", "1000000"];
    let (program, url) = with_large_file(&folder, &flags);
    let mut greedy = program.request(&format!("GET {url}"), &[]);
    let mut chunk = vec![0; 1 << 20];
    let mut came = 0;
    loop {
        match greedy.read(&mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(count) => came += count,
        }
        sleep(Duration::from_millis(15));
    }
    assert!(came > LARGE, "all of it, and the head");

    let mut dripping = program.request(&format!("GET {url}"), &[]);
    let mut came = 0;
    while let Ok(count @ 1..) = dripping.read(&mut chunk[..8192]) {
        came += count;
        // Once the buffers are full: 400,000 bytes a second.
        sleep(Duration::from_millis(20));
    }
    assert!(came < LARGE, "{came}");
}

#[test]
fn more_connections_than_allowed_wait_for_their_turn() {
    let folder = Folder::new();
    let program = Program::start(&folder, &["--max-connections", "2"]);
    let mut holding = [program.connect(), program.connect()];
    for stream in &mut holding {
        write!(stream, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
    }
    let mut third = program.request("GET /healthz", &[]);
    third.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(third.read(&mut [0; 1]).is_err(), "it must wait");
    drop(holding);
    third.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    assert_eq!(read(third).status, 200);
}

#[test]
fn the_program_takes_all_descriptors_it_may_and_says_when_they_do_not_suffice() {
    let folder = Folder::new();
    let flags = ["--max-connections", "100"];
    let enough = Program::start_with_descriptors(&folder, 100, 400, &flags);
    assert_eq!(enough.descriptors(), 400);
    assert_eq!(enough.health()["status"], "ok");
    assert!(!enough.log().contains("--max-connections"), "{}", enough.log());
    drop(enough);
    let few = Program::start_with_descriptors(&folder, 100, 164, &flags);
    assert_eq!(few.descriptors(), 164);
    until("a warning", || {
        few.log().contains("164 open files, which is enough for 50 downloads").then_some(())
    });
    assert!(few.log().contains("--max-connections 100 may need 264"), "{}", few.log());
}

#[test]
fn hundreds_of_clients_that_read_nothing_and_a_file_that_shrinks_leave_the_others_alone() {
    let folder = Folder::new();
    let (program, url) = with_large_file(&folder, &[]);
    folder.put("o/m/b", b"well");
    program.settle(&folder);
    let stuck: Vec<TcpStream> = (0..256).map(|_| program.request(&format!("GET {url}"), &[])).collect();
    let piece = format!("/pieces/{}", sha256(b"well"));
    until("the other model", || (program.get(&piece).status == 200).then_some(()));
    let file = File::options().write(true).open(folder.models().join("o/n/a")).unwrap();
    file.set_len(PIECE as u64).unwrap();
    for stream in stuck.iter().take(8) {
        assert!(closed(stream).len() < LARGE, "no byte that is not in the file any more");
    }
    assert_eq!(program.get(&piece).body, b"well");
    assert_eq!(program.health()["status"], "ok");
}

#[test]
fn a_running_download_may_finish_when_the_program_is_asked_to_end() {
    let folder = Folder::new();
    let (program, url) = with_large_file(&folder, &["--log", "server=trace"]);
    let mut running = program.request(&format!("GET {url}"), &[]);
    running.read_exact(&mut [0; 1000]).unwrap();
    let idle = program.connect();
    let mut resting = program.connect();
    write!(resting, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(resting.read(&mut [0; 4096]).unwrap() > 0);
    // Of a connection that asks nothing, the server keeps the socket alone.
    until("it to rest", || program.log().contains("a connection rests").then_some(()));
    let ending = program.ask_to_end();
    assert!(closed(&idle).is_empty());
    assert!(closed(&resting).is_empty());
    assert!(TcpStream::connect(ending.address()).is_err(), "no new ones");
    assert!(closed(&running).len() > LARGE - 1000);
    assert!(ending.ended().success());
}

#[test]
fn what_does_not_finish_is_cut_after_the_time_and_at_once_on_a_second_signal() {
    for (drain, signals) in [("0.3", 1), ("600", 2)] {
        let folder = Folder::new();
        let (program, url) = with_large_file(&folder, &["--drain-seconds", drain]);
        let mut running = program.request(&format!("GET {url}"), &[]);
        running.read_exact(&mut [0; 1000]).unwrap();
        let mut program = program.ask_to_end();
        if signals == 2 {
            // Else both signals may count as one.
            until("it to end", || TcpStream::connect(program.address()).is_err().then_some(()));
            program = program.ask_to_end();
        }
        assert!(program.ended().success());
        assert!(closed(&running).len() < LARGE);
    }
}

/// As on a disk that does not answer: a write to the access log waits forever.
#[test]
fn what_waits_for_a_disk_holds_up_no_answer_and_does_not_keep_the_program_from_ending() {
    let folder = Folder::new();
    let log = folder.beside("access.log");
    assert!(Command::new("mkfifo").arg(&log).status().unwrap().success());
    // Open and never read.
    let _reader = File::options().read(true).write(true).open(&log).unwrap();
    let program = Program::start(&folder, &["--access-log", log.to_str().unwrap()]);
    let long = format!("/{}", "x".repeat(8000));
    // Their lines are more than a pipe takes.
    for _ in 0..32 {
        assert_eq!(program.get(&long).status, 404);
    }
    let program = program.ask_to_end();
    until("it to end", || TcpStream::connect(program.address()).is_err().then_some(()));
    let mut program = program.ask_to_end();
    assert!(until("its end", || program.has_ended()).success());
}
