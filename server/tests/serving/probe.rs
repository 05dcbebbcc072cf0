//! The probe by which servers were compared, row by row, each with the one answer that the RFCs leave: RFC 9110 sections
//! 9, 13 and 14, RFC 9112 section 3. Over real sockets, so that what hyper does before any of our code counts too.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use crate::folder::{Folder, noise, sha256};
use crate::program::{Program, Reply, read};

const LENGTH: usize = 300_000;

/// What a row must be answered.
enum Expected {
    /// 200 with everything.
    Whole,
    /// 200 that says how much everything is, without it.
    Head,
    /// 206 with one part.
    Part(usize, usize),
    /// 206 with several.
    Parts(&'static [(usize, usize)]),
    /// 304.
    Known,
    /// This status, and a sentence.
    Refused(u16),
}

use Expected::{Head, Known, Part, Parts, Refused, Whole};

type Fields<'a> = &'a [(&'a str, &'a str)];

struct Site {
    /// Its models folder must stay.
    _folder: Folder,
    program: Program,
    bytes: Vec<u8>,
    /// The path of the file that is asked for.
    url: String,
}

fn site() -> Site {
    let folder = Folder::new();
    let bytes = noise(1, LENGTH);
    folder.put("o/n/file", &bytes);
    std::fs::write(folder.beside("secret"), "secret").unwrap();
    symlink(folder.beside("secret"), folder.models().join("o/n/leaves")).unwrap();
    symlink(folder.beside("secret"), folder.models().join("leaves")).unwrap();
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    let info = program.get("/api/models/o/n").json();
    let url = format!("/o/n/resolve/{}/file", info["sha"].as_str().unwrap());
    Site { _folder: folder, program, bytes, url }
}

impl Site {
    fn check(&self, row: &str, reply: &Reply, expected: &Expected) {
        let tag = format!("\"{}\"", sha256(&self.bytes));
        let length = |count: usize| assert_eq!(reply.field("content-length"), count.to_string(), "{row}");
        let (status, body) = match expected {
            Whole => (200, Some(&self.bytes[..])),
            Head => (200, Some(&[][..])),
            Part(first, last) => (206, Some(&self.bytes[*first..=*last])),
            Parts(_) => (206, None),
            Known => (304, Some(&[][..])),
            Refused(status) => (*status, None),
        };
        assert_eq!(reply.status, status, "{row}");
        assert!(!reply.field("date").is_empty(), "{row}");
        if let Some(body) = body {
            assert!(reply.body == body, "{row}: {} bytes", reply.body.len());
        }
        match expected {
            Whole | Head => length(LENGTH),
            Part(first, last) => {
                length(last - first + 1);
                let content_range = format!("bytes {first}-{last}/{LENGTH}");
                assert_eq!(reply.field("content-range"), content_range, "{row}");
            }
            Parts(parts) => {
                length(reply.body.len());
                let mut rest = &reply.body[..];
                for (first, last) in *parts {
                    let head = format!("\r\nContent-Range: bytes {first}-{last}/{LENGTH}\r\n\r\n");
                    let part = [head.as_bytes(), &self.bytes[*first..=*last], b"\r\n--"].concat();
                    let at = rest.windows(part.len()).position(|window| window == part);
                    rest = &rest
                        [at.unwrap_or_else(|| panic!("{row}: {first}-{last} is missing")) + part.len()..];
                }
            }
            // RFC 9110 section 8.6: else it would have to be that of the 200.
            Known => assert_eq!(reply.field("content-length"), "", "{row}"),
            Refused(status) => {
                assert!(!reply.body.is_empty() || *status == 414 || *status == 400, "{row}");
                assert!(!reply.body.ends_with(b"secret"), "{row}");
                if *status == 416 {
                    assert_eq!(reply.field("content-range"), format!("bytes */{LENGTH}"), "{row}");
                }
            }
        }
        match expected {
            Whole | Head | Part(..) | Parts(_) | Known => {
                assert_eq!(reply.field("etag"), tag, "{row}");
                for name in ["cache-control", "last-modified", "repr-digest", "x-repo-commit"] {
                    assert!(!reply.field(name).is_empty(), "{row}: {name}");
                }
            }
            Refused(_) => assert_eq!(reply.field("etag"), "", "{row}"),
        }
    }

    fn ask(&self, method: &str, fields: Fields<'_>) -> Reply {
        self.program.ask(&format!("{method} {}", self.url), fields)
    }

    /// Sends these bytes; whatever comes back until the connection is closed.
    fn send(&self, request: &str) -> Reply {
        let mut stream = self.program.connect();
        stream.write_all(request.as_bytes()).unwrap();
        read(stream)
    }
}

#[test]
fn every_range_of_the_probe_is_answered_as_the_rfc_says() {
    let site = site();
    let rows: &[(&str, Expected)] = &[
        ("bytes=0-0", Part(0, 0)),
        ("bytes=-5", Part(299_995, 299_999)),
        ("bytes=299990-", Part(299_990, 299_999)),
        ("bytes=0-999999", Part(0, 299_999)),
        ("bytes=300000-", Refused(416)),
        ("bytes=-0", Refused(416)),
        ("bytes=5-2", Refused(416)),
        ("bytes=0-1,5-6", Parts(&[(0, 1), (5, 6)])),
        ("bytes=0-1, 300000-", Part(0, 1)),
        ("bytes=0-,0-,0-,0-,0-,0-,0-,0-", Whole),
        ("items=0-1", Whole),
        ("bytes=abc", Refused(416)),
        ("bytes = 0-1", Whole),
        ("BYTES=0-1", Part(0, 1)),
        ("bytes=0-18446744073709551616", Part(0, 299_999)),
        ("bytes=-999999999", Part(0, 299_999)),
    ];
    for (range, expected) in rows {
        let row = format!("Range {range}");
        site.check(&row, &site.ask("GET", &[("Range", range)]), expected);
    }
    site.check("HEAD + Range 0-9", &site.ask("HEAD", &[("Range", "bytes=0-9")]), &Head);
}

#[test]
fn every_condition_of_the_probe_is_answered_as_the_rfc_says() {
    let site = site();
    let head = site.ask("HEAD", &[]);
    site.check("HEAD", &head, &Head);
    assert_eq!(head.field("accept-ranges"), "bytes");
    let tag = head.field("etag");
    let (weak, list) = (format!("W/{tag}"), format!("\"x\", {tag}, \"y\""));
    let date = head.field("last-modified");
    let modified = httpdate::parse_http_date(date).unwrap();
    let of = |time: SystemTime| httpdate::fmt_http_date(time);
    let (earlier, later) = (of(modified - Duration::from_secs(60)), of(modified + Duration::from_secs(60)));
    let range = ("Range", "bytes=0-9");
    let rows: &[(&str, Fields<'_>, Expected)] = &[
        ("If-Range match etag", &[range, ("If-Range", tag)], Part(0, 9)),
        ("If-Range WRONG etag", &[range, ("If-Range", "\"wrong\"")], Whole),
        ("If-Range weak etag", &[range, ("If-Range", &weak)], Whole),
        ("If-Range match date", &[range, ("If-Range", date)], Part(0, 9)),
        ("If-Range old date", &[range, ("If-Range", &earlier)], Whole),
        ("If-Range LATER date", &[range, ("If-Range", &later)], Whole),
        ("If-None-Match match", &[("If-None-Match", tag)], Known),
        ("If-None-Match W/match", &[("If-None-Match", &weak)], Known),
        ("If-None-Match list", &[("If-None-Match", &list)], Known),
        ("If-None-Match *", &[("If-None-Match", "*")], Known),
        (
            "If-None-Match nomatch + IMS match",
            &[("If-None-Match", "\"wrong\""), ("If-Modified-Since", date)],
            Whole,
        ),
        ("If-None-Match match + Range", &[("If-None-Match", tag), range], Known),
        ("If-Modified-Since match", &[("If-Modified-Since", date)], Known),
        ("If-Modified-Since bad date", &[("If-Modified-Since", "yesterday")], Whole),
        ("If-Match wrong", &[("If-Match", "\"wrong\"")], Refused(412)),
        ("If-Match ok + Range", &[("If-Match", tag), range], Part(0, 9)),
        ("If-Match wrong + Range", &[("If-Match", "\"wrong\""), range], Refused(412)),
        ("If-Unmodified-Since old", &[("If-Unmodified-Since", &earlier)], Refused(412)),
    ];
    for (row, fields, expected) in rows {
        site.check(row, &site.ask("GET", fields), expected);
    }
    site.check("HEAD + If-None-Match match", &site.ask("HEAD", &[("If-None-Match", tag)]), &Known);
}

#[test]
fn a_file_is_never_compressed_whatever_is_accepted() {
    let site = site();
    let gzip = [("Accept-Encoding", "gzip, br")];
    let (got, head) = (site.ask("GET", &gzip), site.ask("HEAD", &gzip));
    site.check("GET AE:gzip etag vs identity", &got, &Whole);
    site.check("HEAD AE:gzip == GET AE:gzip CL", &head, &Head);
    for reply in [got, head] {
        assert_eq!((reply.field("content-encoding"), reply.field("vary")), ("", ""));
    }
}

#[test]
fn every_method_that_does_not_read_is_refused_everywhere() {
    let site = site();
    let piece = format!("/pieces/{}", sha256(&noise(1, LENGTH)[..65_536]));
    let urls = [&site.url, "/o/n/resolve/main/file", &piece, "/api/models", "/api/models/o/n", "/healthz"];
    for url in urls.into_iter().chain([
        "/",
        "/o/n",
        "/service-worker.js",
        "/modelferry.js",
        "/manifest.webmanifest",
        "/inference-worker.js",
        "/pkg/x.js",
        "/assets/icon.svg",
    ]) {
        for method in ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
            let reply = site.program.ask(&format!("{method} {url}"), &[]);
            assert_eq!((reply.status, reply.field("allow")), (405, "GET, HEAD, OPTIONS"), "{method} {url}");
            assert!(!reply.body.is_empty(), "{method} {url}");
        }
        let reply = site.program.ask(&format!("OPTIONS {url}"), &[]);
        assert!(matches!(reply.status, 200 | 204), "{url}");
        assert_eq!((reply.field("allow"), reply.body.len()), ("GET, HEAD, OPTIONS", 0), "{url}");
    }
    let server = site.program.ask("OPTIONS *", &[]);
    assert_eq!((server.status, server.field("allow")), (204, "GET, HEAD, OPTIONS"));
}

#[test]
fn no_request_leads_out_of_the_models_or_to_a_server_error() {
    let site = site();
    let end = "Connection: close\r\n\r\n";
    let get = |url: &str| format!("GET {url} HTTP/1.1\r\nHost: x\r\n{end}");
    let long = |length: usize| get(&format!("/{}", "a".repeat(length - 1)));
    let below = |path: &str| get(&format!("/o/n/resolve/main/{path}"));
    let file = &site.url;
    let rows = [
        ("traversal /../etc/passwd", get("/../etc/passwd"), Refused(404)),
        ("traversal /../../secret below a file", below("../../../../secret"), Refused(404)),
        ("traversal %2e%2e", get("/%2e%2e/%2e%2e/secret"), Refused(404)),
        ("traversal %2e%2e below a file", below("%2e%2e/%2e%2e/%2e%2e/%2e%2e/secret"), Refused(404)),
        ("traversal %2f", below("..%2f..%2f..%2f..%2fsecret"), Refused(404)),
        ("slashes in names %2f", get("/o%2fn/resolve/main/file"), Refused(404)),
        ("NUL %00", below("file%00"), Refused(404)),
        ("NUL as it is", get("/healthz\0"), Refused(400)),
        ("not UTF-8 %ff", below("%ff"), Refused(400)),
        ("backslash", below("..\\..\\..\\secret"), Refused(404)),
        ("symlink out of root", below("leaves"), Refused(404)),
        ("symlink out of root, no model", get("/leaves"), Refused(404)),
        ("a name longer than any file's", below(&"x".repeat(4000)), Refused(404)),
        ("such a name in the folder of scripts", get(&format!("/pkg/{}", "x".repeat(256))), Refused(404)),
        (
            "such a name in the folder of pictures",
            get(&format!("/assets/x/{}", "x".repeat(256))),
            Refused(404),
        ),
        ("NUL in the folder of scripts", get("/pkg/%00"), Refused(404)),
        ("traversal out of the folder of scripts", get("/pkg/..%2f..%2fsecret"), Refused(404)),
        ("such a name of a page", get(&format!("/o/{}", "x".repeat(256))), Refused(404)),
        ("NUL in the name of a page", get("/o/n%00"), Refused(404)),
        ("absolute-form", get(&format!("http://x{file}")), Whole),
        ("query", get(&format!("{file}?download=true&download=false&%00=%ff")), Whole),
        ("no Host", format!("GET {file} HTTP/1.1\r\n{end}"), Refused(400)),
        ("two Host", format!("GET {file} HTTP/1.1\r\nHost: x\r\nHost: y\r\n{end}"), Refused(400)),
        (
            "CL+TE smuggle",
            format!(
                "GET {file} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n{end}0\r\n\r\n"
            ),
            Refused(400),
        ),
        (
            "TE+CL smuggle",
            format!(
                "GET {file} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n{end}0\r\n\r\n"
            ),
            Refused(400),
        ),
        ("HTTP/1.0", format!("GET {file} HTTP/1.0\r\n\r\n"), Whole),
        ("longest URI", long(8192), Refused(404)),
        ("longer URI", long(8193), Refused(414)),
        ("64KB URI", long(65_536), Refused(414)),
        ("100KB URI", long(100_000), Refused(414)),
    ];
    for (row, request, expected) in &rows {
        site.check(row, &site.send(request), expected);
    }
    // RFC 9112 section 3.2.
    for host in
        ["a b", "a/b", "/", "u@x", "@", "x:y", "::1", "[x]", "[::1", "x:1:2", "x\\y", "x\"", "ö", "x, y"]
    {
        let reply = site.send(&format!("GET {file} HTTP/1.1\r\nHost: {host}\r\n{end}"));
        site.check(&format!("Host {host:?}"), &reply, &Refused(400));
    }
    for host in ["", "x", "x:", "x:80", "a_b.example", "127.0.0.1:80", "[::1]", "[::1]:80", "x%20y"] {
        let reply = site.send(&format!("GET {file} HTTP/1.1\r\nHost: {host}\r\n{end}"));
        site.check(&format!("Host {host:?}"), &reply, &Whole);
    }
    for path in ["", "%", "%zz", "%00", "//file", "./file", "file/", "%2e/file", "file%2f", "FILE"] {
        for url in [format!("/o/n/resolve/main/{path}"), site.url.replace("/file", &format!("/{path}"))] {
            let reply = site.send(&get(&url));
            assert!(matches!(reply.status, 400 | 404), "{url}: {}", reply.status);
        }
    }
}
