//! What other origins may do, and what keeps pages apart from them.

use crate::folder::{Folder, sha256};
use crate::program::{Program, Reply};

const ELSEWHERE: (&str, &str) = ("Origin", "https://elsewhere.example");

fn started(flags: &[&str]) -> (Folder, Program, String) {
    let folder = Folder::new();
    folder.put("o/n/a", b"a");
    let program = Program::start(&folder, flags);
    program.settle(&folder);
    let url = format!("/o/n/resolve/{}/a", program.get("/api/models/o/n").json()["sha"].as_str().unwrap());
    (folder, program, url)
}

fn preflight(program: &Program, url: &str) -> Reply {
    let requested = ("Access-Control-Request-Headers", "if-range,range");
    program.ask(&format!("OPTIONS {url}"), &[ELSEWHERE, ("Access-Control-Request-Method", "GET"), requested])
}

#[test]
fn everybody_may_read_models_and_nobody_pages() {
    let (_folder, program, url) = started(&[]);
    let piece = format!("/pieces/{}", sha256(b"a"));
    for path in [
        &url,
        &piece,
        "/pieces/nothing",
        "/o/n/resolve/main/a",
        "/api/models/o/n",
        "/o/n/resolve/main/nothing",
        "/gpt2/resolve/main/a",
        "/api/models/gpt2/tree/main",
        "/api/nothing",
    ] {
        let reply = program.ask(&format!("GET {path}"), &[ELSEWHERE]);
        assert_eq!(reply.field("access-control-allow-origin"), "*", "{path}");
        assert_eq!(reply.field("cross-origin-resource-policy"), "cross-origin", "{path}");
        assert!(!reply.field("vary").contains("origin"), "{path}");
        let exposed = reply.field("access-control-expose-headers");
        for name in ["etag", "content-range", "repr-digest", "x-repo-commit", "x-error-code"] {
            assert!(exposed.contains(name), "{path}: {name}");
        }
        let answered = preflight(&program, path);
        assert_eq!(answered.field("access-control-allow-origin"), "*", "{path}");
        assert!(answered.field("access-control-allow-headers").contains("if-range"), "{path}");
        assert_eq!(answered.field("access-control-max-age"), "86400", "{path}");
    }
    for path in [
        "/",
        "/o/n",
        "/service-worker.js",
        "/inference-worker.js",
        "/modelferry.js",
        "/modelferry.d.ts",
        "/nothing",
    ] {
        for reply in [program.ask(&format!("GET {path}"), &[ELSEWHERE]), preflight(&program, path)] {
            assert_eq!(reply.field("access-control-allow-origin"), "", "{path}");
        }
        let reply = program.get(path);
        assert_eq!(reply.field("cross-origin-resource-policy"), "same-origin", "{path}");
    }
}

#[test]
fn only_the_origins_that_are_named_may_read_models() {
    let (_folder, program, url) =
        started(&["--allow-origin", "https://elsewhere.example,https://third.example"]);
    let named = program.ask(&format!("GET {url}"), &[ELSEWHERE]);
    assert_eq!(named.field("access-control-allow-origin"), ELSEWHERE.1);
    let other = program.ask(&format!("GET {url}"), &[("Origin", "https://other.example")]);
    assert_eq!(other.field("access-control-allow-origin"), "");
    let tag = named.field("etag");
    let known = program.ask(&format!("GET {url}"), &[("If-None-Match", tag)]);
    assert_eq!(known.status, 304);
    for reply in [named, other, known, preflight(&program, &url)] {
        assert_eq!(reply.field("vary"), "origin", "{}", reply.status);
        assert!(matches!(reply.field("cross-origin-resource-policy"), "same-origin" | ""));
    }
}

#[test]
fn no_other_origin_may_read_models_if_none_is_to() {
    let (_folder, program, url) = started(&["--allow-origin", "none"]);
    for reply in [program.ask(&format!("GET {url}"), &[ELSEWHERE]), preflight(&program, &url)] {
        assert!(matches!(reply.status, 200 | 204));
        for name in ["access-control-allow-origin", "access-control-expose-headers", "vary"] {
            assert_eq!(reply.field(name), "");
        }
    }
}

#[test]
fn pages_are_isolated_where_browsers_heed_it() {
    let trusted = ("Sec-Fetch-Mode", "navigate");
    for (flags, policy) in [
        (&[][..], "require-corp"),
        (&["--page-isolation", "credentialless"], "credentialless"),
        (&["--page-isolation", "off"], ""),
    ] {
        let (_folder, program, url) = started(flags);
        let fields = |path: &str, fields: &[(&str, &str)]| {
            let reply = program.ask(&format!("GET {path}"), fields);
            let field = |name: &str| reply.field(name).to_owned();
            (field("cross-origin-opener-policy"), field("cross-origin-embedder-policy"))
        };
        let isolated = if policy.is_empty() { "" } else { "same-origin" };
        for path in ["/", "/o/n", "/nothing"] {
            assert_eq!(fields(path, &[trusted]), (isolated.to_owned(), policy.to_owned()), "{path}");
            assert_eq!(fields(path, &[]), (String::new(), String::new()), "{path}");
        }
        assert_eq!(fields(&url, &[trusted]), (String::new(), String::new()));
    }
}

#[test]
fn pages_run_nothing_but_their_own_and_may_not_be_framed() {
    let (_folder, program, _) = started(&[]);
    let html = ("Accept", "text/html");
    let mut numbers = Vec::new();
    for (path, status) in [("/", 200), ("/o/n", 200), ("/o/nothing", 404), ("/nothing", 404)] {
        let reply = program.ask(&format!("GET {path}"), &[html]);
        assert_eq!(reply.status, status, "{path}");
        let policy = reply.field("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "'wasm-unsafe-eval'"]
        {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{path}: {policy}");
        assert_eq!(reply.field("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.field("referrer-policy"), "same-origin", "{path}");
        assert!(reply.field("permissions-policy").contains("camera=()"), "{path}");
        // The number is good once.
        let number = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert!(String::from_utf8(reply.body).unwrap().contains(&number), "{path}");
        numbers.push(number);
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 4);
}
