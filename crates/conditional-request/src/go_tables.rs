//! The cases by which Go's `net/http` tests its file server, read from Debian's package `golang-1.19-src`: nobody here made
//! them up.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use crate::date::HttpDate;
use crate::decide::{Decision, Method, decide};
use crate::fields::Listed;
use crate::range::ByteRange;
use crate::validator::Validators;

const TABLES: &str = "/usr/share/go-1.19/src/net/http/fs_test.go";

/// A date for what Go takes from a file of its own, and two seconds earlier.
const MODIFIED: &str = "Wed, 25 Jun 2014 17:12:18 GMT";
const EARLIER: &str = "Wed, 25 Jun 2014 17:12:16 GMT";
const MODIFIED_SECONDS: u64 = 1_403_716_338;

fn tables() -> String {
    fs::read_to_string(TABLES).unwrap_or_else(|error| {
        panic!("{TABLES} cannot be read ({error}): ./scripts/test installs Debian's golang-1.19-src")
    })
}

/// The lines between these two.
fn between<'a>(text: &'a str, first: &str, last: &str) -> Vec<&'a str> {
    text.lines().skip_while(|line| *line != first).skip(1).take_while(|line| *line != last).collect()
}

fn status(go: &str) -> u16 {
    match go {
        "StatusOK" => 200,
        "StatusPartialContent" => 206,
        "StatusRequestedRangeNotSatisfiable" => 416,
        number => number.parse().unwrap(),
    }
}

/// Status, and the bytes of the parts.
fn outcome(decision: Decision) -> (u16, Vec<ByteRange>) {
    match decision {
        Decision::Full => (200, Vec::new()),
        Decision::Part(part) => (206, vec![part]),
        Decision::Parts(parts) => (206, parts),
        Decision::NotModified => (304, Vec::new()),
        Decision::PreconditionFailed => (412, Vec::new()),
        Decision::Unsatisfiable => (416, Vec::new()),
    }
}

#[test]
fn every_row_of_go_s_ranges_is_answered_the_same() {
    const LENGTH: u64 = 11;
    // `2` or `testFileLen - 5`.
    let number = |go: &str| match go.trim().strip_prefix("testFileLen") {
        None => go.trim().parse().unwrap(),
        Some("") => LENGTH,
        Some(rest) => LENGTH - rest.trim_start_matches([' ', '-']).parse::<u64>().unwrap(),
    };
    let tables = tables();
    let mut rows = 0;
    for row in between(&tables, "\tranges []wantRange", "}") {
        let Some(row) = row.trim().strip_prefix("{r: \"") else { continue };
        let (field, row) = row.split_once("\", code: ").unwrap();
        let (code, ranges) = row.split_once([',', '}']).unwrap();
        // `{0, 1}, {testFileLen - 2, testFileLen}`, the second behind the end.
        let ranges = ranges.split_once("wantRange{").map_or("", |(_, ranges)| ranges);
        let parts = ranges.split('{').filter_map(|range| range.split_once('}')).map(|(range, _)| {
            let (first, end) = range.split_once(',').unwrap();
            ByteRange { first: number(first), last: number(end) - 1 }
        });
        let parts: Vec<ByteRange> = parts.collect();
        let fields = if field.is_empty() { vec![] } else { vec![("range", field)] };
        let validators = Validators { tag: "a", last_modified: None };
        let decision = decide(Method::Get, &Listed(fields), validators, LENGTH);
        assert_eq!(outcome(decision), (status(code), parts), "{field}");
        rows += 1;
    }
    assert_eq!(rows, 22);
}

/// A string of Go's, or a date that it makes.
fn text(go: &str) -> String {
    let go = go.trim_end_matches(',');
    if go.starts_with("htmlModTime.Add(-2 *") {
        return EARLIER.to_owned();
    }
    if go.starts_with("htmlModTime") {
        return MODIFIED.to_owned();
    }
    go.trim_matches(go.chars().next().unwrap()).to_owned()
}

#[test]
fn every_one_of_go_s_conditions_is_answered_the_same() {
    let tables = tables();
    let lines = between(&tables, "\ttests := map[string]testCase{", "\t}");
    let mut cases = 0;
    for case in lines.split(|line| *line == "\t\t},").filter(|case| case.len() > 1) {
        let name = case.iter().find(|line| line.ends_with("\": {") && line.starts_with("\t\t\"")).unwrap();
        let mut fields = Vec::new();
        let (mut tag, mut last_modified, mut expected, mut content_range) = (None, None, 0, None);
        let mut length = 8;
        for line in case {
            // What is left of a comment on a field's own line is not read.
            let line = line.split(" //").next().unwrap_or(line).trim();
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key {
                "serveETag" => tag = Some(text(value)),
                "modtime" if value.starts_with("time.Unix(0") => {}
                "modtime" => {
                    // 123 ns that no date can say.
                    let nanos = if value.contains("123") { 123 } else { 0 };
                    last_modified = HttpDate::of(UNIX_EPOCH + Duration::new(MODIFIED_SECONDS, nanos));
                }
                "wantStatus" => expected = status(value.trim_end_matches(',')),
                "wantContentRange" => content_range = Some(text(value)),
                "content" => length = 9,
                _ if key.starts_with('"') && value != "{" => {
                    fields.push((key.trim_matches('"'), text(value)));
                }
                _ => {}
            }
        }
        // Ours are always strong: what is weak there is weak in the request, too.
        let tag =
            tag.map_or("none".to_owned(), |tag| tag.trim_start_matches("W/").trim_matches('"').to_owned());
        let validators = Validators { tag: &tag, last_modified };
        let fields = Listed(fields.iter().map(|(name, value)| (*name, value.as_str())).collect());
        let (found, parts) = outcome(decide(Method::Get, &fields, validators, length));
        assert_eq!(found, expected, "{name}");
        let range = match (found, &parts[..]) {
            (416, _) => Some(format!("bytes */{length}")),
            (_, [part]) => Some(format!("bytes {}-{}/{length}", part.first, part.last)),
            (_, _) => None,
        };
        assert_eq!(range, content_range, "{name}");
        cases += 1;
    }
    assert_eq!(cases, 23);
}
