//! Metrics: what was done is counted, and said as Prometheus reads it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::folder::{Folder, noise, until};
use crate::program::{PIECE, Program, Reply, read};

fn scrape(address: &str) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    read(stream)
}

/// Each series, with its labels, and its value.
fn values(address: &str) -> BTreeMap<String, f64> {
    let reply = scrape(address);
    assert_eq!((reply.status, reply.field("content-type")), (200, "text/plain; version=0.0.4"));
    let text = String::from_utf8(reply.body).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.rsplit_once(' ').unwrap());
    pairs.map(|(series, value)| (series.to_owned(), value.parse().unwrap())).collect()
}

#[test]
fn counters_add_up_after_known_requests() {
    let folder = Folder::new();
    let bytes = noise(1, 3 * PIECE / 2);
    folder.put("o/n/a", &bytes);
    folder.put("stray", b"1");
    let program = Program::start(&folder, &["--metrics-listen", "127.0.0.1:0", "--head-seconds", "0.5"]);
    let metrics = program.metrics_address();
    program.settle(&folder);
    let info = program.get("/api/models/o/n").json();
    let url = format!("/o/n/resolve/{}/a", info["sha"].as_str().unwrap());
    // A client can have its answer before its connection is counted as ended.
    let at_rest = || {
        until("all connections to end", || {
            Some(values(&metrics)).filter(|values| values["modelferry_connections_open"] == 0.0)
        })
    };
    let before = at_rest();
    assert_eq!(before["modelferry_index_models"], 1.0);
    assert_eq!(before["modelferry_index_files"], 1.0);
    assert_eq!(before["modelferry_index_bytes"], bytes.len() as f64);
    assert_eq!(before["modelferry_index_problems"], 1.0);
    assert_eq!(before["modelferry_index_hashed_bytes_total"], bytes.len() as f64);
    assert_eq!(before["modelferry_index_waiting_files"], 0.0);

    for _ in 0..3 {
        program.get(&url);
    }
    program.ask(&format!("GET {url}"), &[("Range", "bytes=0-99")]);
    program.ask(&format!("HEAD {url}"), &[]);
    program.ask(&format!("BREW {url}"), &[]);
    program.get("/o/n/resolve/main/nothing");
    program.get("/pieces/nothing");
    let silent = program.connect();
    assert_eq!((&silent).read(&mut [0]).unwrap(), 0);

    let after = at_rest();
    let requests = |route: &str, method: &str, status: u16| {
        let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        format!("modelferry_http_requests_total{{{labels}}}")
    };
    let grown = |series: &str| after[series] - before.get(series).copied().unwrap_or(0.0);
    assert_eq!(grown(&requests("file", "GET", 200)), 3.0);
    assert_eq!(grown(&requests("file", "GET", 206)), 1.0);
    assert_eq!(grown(&requests("file", "HEAD", 200)), 1.0);
    assert_eq!(grown(&requests("file", "other", 405)), 1.0);
    assert_eq!(grown(&requests("file", "GET", 404)), 1.0);
    assert_eq!(grown(&requests("piece", "GET", 404)), 1.0);
    let sent = grown("modelferry_http_response_bytes_total{route=\"file\"}");
    // And a sentence or two about what is not there.
    let files = (3 * bytes.len() + 100) as f64;
    assert!((files..files + 1000.0).contains(&sent), "{sent}");
    assert_eq!(grown("modelferry_connections_accepted_total"), 9.0);
    assert_eq!(grown("modelferry_connections_ended_total{why=\"head\"}"), 1.0);
    assert_eq!(grown("modelferry_connections_ended_total{why=\"done\"}"), 8.0);
    for route in ["piece", "file", "api", "health", "asset", "page"] {
        assert_eq!(after[&format!("modelferry_http_responses_active{{route=\"{route}\"}}")], 0.0);
        assert_eq!(after[&format!("modelferry_http_responses_given_up_total{{route=\"{route}\"}}")], 0.0);
    }
    assert_eq!(program.get("/metrics").status, 404, "not where everybody is");
}

#[test]
fn what_is_under_way_is_seen_and_so_is_what_is_given_up() {
    let folder = Folder::new();
    let flags = ["--metrics-listen", "127.0.0.1:0", "--stall-seconds", "1", "--max-connections", "1"];
    let (program, url) = crate::limits::with_large_file(&folder, &flags);
    let metrics = program.metrics_address();
    let unread = program.request(&format!("GET {url}"), &[]);
    until("it to be sent", || {
        (values(&metrics)["modelferry_http_responses_active{route=\"file\"}"] == 1.0).then_some(())
    });
    let mut waiting = program.request("GET /healthz", &[]);
    until("the other one to wait", || {
        (values(&metrics)["modelferry_connections_full_total"] > 0.0).then_some(())
    });
    until("it to be given up", || {
        let values = values(&metrics);
        let given_up = values["modelferry_http_responses_given_up_total{route=\"file\"}"] == 1.0;
        let ended = values["modelferry_connections_ended_total{why=\"stall\"}"] == 1.0;
        (given_up && ended && values["modelferry_http_responses_active{route=\"file\"}"] == 0.0).then_some(())
    });
    waiting.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    assert!(waiting.read(&mut [0]).unwrap() > 0);
    drop(unread);
}
