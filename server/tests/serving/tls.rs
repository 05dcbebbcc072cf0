//! TLS: who speaks it how, who does not, and certificates that change.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Output};
use std::time::Duration;

use crate::certificates::Pair;
use crate::folder::{Folder, noise, sha256, until};
use crate::limits::{LARGE, closed};
use crate::program::{PIECE, Program, command, read};

/// Asks with a client that is not ours.
fn curl(program: &Program, trusted: &str, url: &str, flags: &[&str]) -> Output {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "60", "--cacert", trusted]).args(flags);
    curl.arg(format!("https://{}{url}", program.address())).output().unwrap()
}

#[test]
fn both_protocols_and_both_versions_of_tls_are_spoken() {
    let folder = Folder::new();
    let bytes = noise(1, PIECE);
    folder.put("o/n/a", &bytes);
    let program = Program::start_secure(&folder, &[]);
    program.settle(&folder);
    let trusted = folder.beside("cert.pem");
    let trusted = trusted.to_str().unwrap();
    let url = format!("/pieces/{}", sha256(&bytes));
    for (flags, version) in [
        (&["--http1.1", "--tlsv1.3"][..], "1.1"),
        (&["--http1.1", "--tls-max", "1.2"], "1.1"),
        (&["--http2", "--tlsv1.3"], "2"),
        (&["--http2", "--tls-max", "1.2"], "2"),
        (&["--http2", "--range", "0-"], "2"),
    ] {
        let flags = [flags, &["--write-out", "%{stderr}%{http_version}"]].concat();
        let output = curl(&program, trusted, &url, &flags);
        assert!(output.stdout == bytes, "{flags:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), version, "{flags:?}");
    }
    let old = curl(&program, trusted, &url, &["--tls-max", "1.1"]);
    assert!(!old.status.success());
    // No TLS at all.
    let mut clear = program.connect();
    clear.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(!closed(&clear).starts_with(b"HTTP/"));
    assert_eq!(program.health()["status"], "ok");
}

#[test]
fn who_says_nothing_or_drips_in_a_handshake_is_closed_and_holds_nobody_up() {
    let folder = Folder::new();
    let program = Program::start_secure(&folder, &["--head-seconds", "1"]);
    let silent = program.connect();
    let mut half = program.connect();
    // The beginning of a record that has 512 bytes.
    half.write_all(&[22, 3, 1, 2, 0, 1, 0]).unwrap();
    assert_eq!(program.health()["status"], "ok");
    while half.write_all(&[0]).is_ok() {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(closed(&silent).is_empty());

    // Those whose handshake is over but who ask nothing, too.
    let mut idle = program.trust().over(program.connect(), b"http/1.1");
    idle.write_all(b"GET / HT").unwrap();
    assert!(matches!(idle.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn a_handshake_takes_one_of_the_places() {
    let folder = Folder::new();
    let program = Program::start_secure(&folder, &["--max-connections", "1"]);
    let silent = program.connect();
    let mut second = program.trust().over(program.connect(), b"http/1.1");
    second.sock.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(second.conn.complete_io(&mut second.sock).is_err(), "it must wait");
    drop(silent);
    second.sock.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    second.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(read(second).status, 200);
}

#[test]
fn who_never_reads_an_answer_is_closed_and_who_reads_slowly_gets_all() {
    let folder = Folder::new();
    let log = folder.beside("access.log");
    let flags = ["--stall-seconds", "1", "--least-rate", "1000000", "--access-log", log.to_str().unwrap()];
    folder.put("o/n/a", &vec![0; LARGE]);
    let program = Program::start_secure(&folder, &flags);
    program.settle(&folder);
    let info = program.get("/api/models/o/n").json();
    let url = format!("/o/n/resolve/{}/a", info["sha"].as_str().unwrap());
    let ask = || {
        let mut stream = program.trust().over(program.connect(), b"http/1.1");
        write!(stream, "GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        stream
    };
    let mut unread = ask();
    let mut slow = ask();
    let mut chunk = vec![0; 16 << 10];
    let (mut came, mut rested) = (0, 0);
    while let Ok(count @ 1..) = slow.read(&mut chunk) {
        came += count;
        // Longer in all than the other one has.
        if came >> 20 > rested {
            rested += 1;
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    assert!(came > LARGE, "all of it, and the head");
    until("the other answer to be given up", || {
        let lines = fs::read_to_string(&log).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        (lines.filter(|line| line["path"] == url).count() == 2).then_some(())
    });
    let mut came = Vec::new();
    if let Err(error) = unread.read_to_end(&mut came) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "not closed in a minute");
    }
    assert!(came.len() < LARGE);
}

#[test]
fn a_new_certificate_is_taken_into_use_and_a_running_download_goes_on() {
    let folder = Folder::new();
    // So long that it is under way for as long as its client does not read.
    let bytes = vec![1; LARGE];
    folder.put("o/n/a", &bytes);
    let pair = Pair::new(&folder);
    let program = Program::start_secure(&folder, &[]);
    program.settle(&folder);
    let info = program.get("/api/models/o/n").json();
    let url = format!("/o/n/resolve/{}/a", info["sha"].as_str().unwrap());
    let serves = |trusted: &std::path::Path| {
        curl(&program, trusted.to_str().unwrap(), "/healthz", &[]).status.success()
    };

    let old = folder.beside("old.pem");
    fs::copy(pair.cert(), &old).unwrap();
    let mut running = program.trust().over(program.connect(), b"http/1.1");
    write!(running, "GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    running.read_exact(&mut [0; 1]).unwrap();
    pair.renew();
    until("the new certificate", || serves(pair.cert()).then_some(()));
    assert!(!serves(&old), "not the old one any more");

    // What is broken is not taken, and said once with its name.
    let good = fs::read(pair.key()).unwrap();
    let complaints = || program.log().matches("the certificate from before stays in use").count();
    fs::write(pair.key(), "no key").unwrap();
    until("a complaint", || program.log().contains("key.pem has no private key").then_some(()));
    fs::write(pair.key(), rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    until("another one", || (complaints() == 2).then_some(()));
    assert!(program.log().contains("cert.pem and the key"));
    assert!(serves(pair.cert()));
    fs::write(pair.key(), good).unwrap();
    until("the good one again", || {
        (program.log().matches("new certificate in use").count() == 2).then_some(())
    });
    assert!(serves(pair.cert()));
    assert_eq!(complaints(), 2);

    let mut rest = Vec::new();
    running.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(&bytes), "all of the download");
}

#[test]
fn a_certificate_that_cannot_be_used_ends_the_start_with_its_name() {
    let folder = Folder::new();
    let pair = Pair::new(&folder);
    let (cert, key) = (pair.cert().to_str().unwrap(), pair.key().to_str().unwrap());
    let write = |name: &str, text: &str| {
        fs::write(folder.beside(name), text).unwrap();
        folder.beside(name).to_str().unwrap().to_owned()
    };
    let empty = write("empty.pem", "");
    let other = write("other.pem", &rcgen::KeyPair::generate().unwrap().serialize_pem());
    let damaged = write("damaged.pem", &fs::read_to_string(cert).unwrap().replace("-----END", "--END"));
    for (cert, key, expected) in [
        ("/nonexistent.pem", key, "/nonexistent.pem cannot be read"),
        (cert, "/nonexistent.pem", "/nonexistent.pem cannot be read"),
        (&empty, key, "empty.pem has no certificate"),
        (key, key, "key.pem has no certificate"),
        (cert, cert, "cert.pem has no private key"),
        (&damaged, key, "damaged.pem is not in PEM"),
        (cert, &other, "other.pem cannot be used"),
    ] {
        let mut command = command();
        command.arg("--models").arg(folder.models()).args(["--listen", "127.0.0.1:0"]);
        let output = command.args(["--tls-cert", cert, "--tls-key", key]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected) && said.contains("--tls-cert"), "{said}");
        assert_eq!((output.status.success(), said.lines().count()), (false, 1), "{said}");
    }
}
