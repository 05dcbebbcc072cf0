//! JSON to rules. What is wrong is said with the rule's index, the field and what was expected there.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Answer, Cut, CutKind, Faults, Replace, Rule};
use crate::pattern::Pattern;

/// Why a list of rules cannot be used. Rules are counted from 0.
#[derive(Debug, Error)]
pub enum RuleError {
    /// It is not JSON.
    #[error("the rules are not JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// It is JSON, but no list.
    #[error("the rules must be a list of objects: [{{..}}, ..]")]
    NotAList,
    /// A rule is not an object.
    #[error("rule {rule}: expected an object")]
    NotAnObject { rule: usize },
    /// There is no such field.
    #[error("rule {rule}: there is no field {field:?}")]
    UnknownField { rule: usize, field: String },
    /// A field has a value that it cannot have.
    #[error("rule {rule}: {field}: expected {expected}, found {found}")]
    Value { rule: usize, field: &'static str, expected: &'static str, found: Value },
    /// A field that says something about another one stands alone.
    #[error("rule {rule}: {field}: has no meaning without {needs}")]
    Alone { rule: usize, field: &'static str, needs: &'static str },
    /// It would do nothing.
    #[error("rule {rule}: has no fault in it, so it would do nothing")]
    NoFault { rule: usize },
}

const NUMBER: &str = "a whole number, 0 or more";
const POSITIVE: &str = "a whole number, 1 or more";
const TEXT: &str = "a text";
const YES_OR_NO: &str = "true or false";
const HEADERS: &str = "an object of header names and texts";

/// Reads a list of rules.
pub(crate) fn parse(json: &[u8]) -> Result<Vec<Rule>, RuleError> {
    let Value::Array(list) = serde_json::from_slice(json).map_err(RuleError::Json)? else {
        return Err(RuleError::NotAList);
    };
    list.into_iter()
        .enumerate()
        .map(|(index, value)| match value {
            Value::Object(fields) => Fields { rule: index, fields }.rule(),
            _ => Err(RuleError::NotAnObject { rule: index }),
        })
        .collect()
}

struct Fields {
    rule: usize,
    fields: Map<String, Value>,
}

impl Fields {
    fn rule(mut self) -> Result<Rule, RuleError> {
        let rule = self.rule;
        let json = self.fields.clone();
        let read = Rule {
            name: self.text("name")?.unwrap_or_else(|| format!("rule {rule}")),
            path: self.text("path")?.map(|text| Pattern::new(&text)),
            method: self.get("method", "a method such as \"GET\"", |value| {
                Method::from_bytes(value.as_str()?.as_bytes()).ok()
            })?,
            ranged: self.flag("ranged")?,
            skip: self.number("skip")?.unwrap_or(0),
            times: self.positive("times")?,
            faults: self.faults()?,
            json,
        };
        if let Some(field) = self.fields.keys().next().cloned() {
            return Err(RuleError::UnknownField { rule, field });
        }
        if !Faults::default().add(&read.faults) {
            return Err(RuleError::NoFault { rule });
        }
        Ok(read)
    }

    fn faults(&mut self) -> Result<Faults, RuleError> {
        Ok(Faults {
            delay: self.number("delay_ms")?.map(Duration::from_millis),
            cut: self.cut()?,
            stall_at: self.number("stall_at")?,
            answer: self.answer()?,
            corrupt_at: self.number("corrupt_at")?,
            truncate_to: self.number("truncate_to")?,
            drop_headers: self.get("drop_headers", "a list of header names", header_names)?,
            set_headers: self.get("set_headers", HEADERS, headers)?,
            gzip: self.flag("gzip")?,
            ignore_range: self.flag("ignore_range")?,
            bytes_per_second: self.positive("bytes_per_second")?,
            replace: self.get(
                "replace",
                "{\"from\": text, \"to\": text of the same length in bytes}",
                replace,
            )?,
        })
    }

    fn cut(&mut self) -> Result<Option<Cut>, RuleError> {
        let kind = self.get("cut_kind", "\"fin\" or \"reset\"", |value| match value.as_str()? {
            "fin" => Some(CutKind::Fin),
            "reset" => Some(CutKind::Reset),
            _ => None,
        })?;
        match (self.number("cut_at")?, kind) {
            (Some(at), kind) => Ok(Some(Cut { at, kind: kind.unwrap_or_default() })),
            (None, Some(_)) => Err(self.alone("cut_kind", "cut_at")),
            (None, None) => Ok(None),
        }
    }

    fn answer(&mut self) -> Result<Option<Answer>, RuleError> {
        let status = self.get("status", "a status from 200 to 599", |value| {
            let code = u16::try_from(value.as_u64()?).ok().filter(|code| (200..600).contains(code))?;
            StatusCode::from_u16(code).ok()
        })?;
        let headers = self.get("headers", HEADERS, headers)?;
        let body = self.text("body")?;
        match (status, headers, body) {
            (Some(status), headers, body) => Ok(Some(Answer {
                status,
                headers: headers.unwrap_or_default(),
                body: Bytes::from(body.unwrap_or_default()),
            })),
            (None, Some(_), _) => Err(self.alone("headers", "status")),
            (None, None, Some(_)) => Err(self.alone("body", "status")),
            (None, None, None) => Ok(None),
        }
    }

    fn alone(&self, field: &'static str, needs: &'static str) -> RuleError {
        RuleError::Alone { rule: self.rule, field, needs }
    }

    fn number(&mut self, field: &'static str) -> Result<Option<u64>, RuleError> {
        self.get(field, NUMBER, Value::as_u64)
    }

    fn positive(&mut self, field: &'static str) -> Result<Option<u64>, RuleError> {
        self.get(field, POSITIVE, |value| value.as_u64().filter(|number| *number > 0))
    }

    fn flag(&mut self, field: &'static str) -> Result<Option<bool>, RuleError> {
        self.get(field, YES_OR_NO, Value::as_bool)
    }

    fn text(&mut self, field: &'static str) -> Result<Option<String>, RuleError> {
        self.get(field, TEXT, |value| value.as_str().map(str::to_owned))
    }

    /// Takes a field out, if it is there.
    fn get<T>(
        &mut self,
        field: &'static str,
        expected: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, RuleError> {
        let Some(found) = self.fields.remove(field) else {
            return Ok(None);
        };
        match read(&found) {
            Some(value) => Ok(Some(value)),
            None => Err(RuleError::Value { rule: self.rule, field, expected, found }),
        }
    }
}

fn headers(value: &Value) -> Option<HeaderMap> {
    value
        .as_object()?
        .iter()
        .map(|(name, value)| {
            Some((
                HeaderName::from_bytes(name.as_bytes()).ok()?,
                HeaderValue::from_str(value.as_str()?).ok()?,
            ))
        })
        .collect()
}

fn header_names(value: &Value) -> Option<Vec<HeaderName>> {
    value.as_array()?.iter().map(|name| HeaderName::from_bytes(name.as_str()?.as_bytes()).ok()).collect()
}

fn replace(value: &Value) -> Option<Replace> {
    let fields = value.as_object().filter(|fields| fields.len() == 2)?;
    let from = fields.get("from")?.as_str()?.to_owned();
    let to = fields.get("to")?.as_str()?.to_owned();
    (from.len() == to.len() && !from.is_empty()).then_some(Replace { from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        parse(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn every_field_is_read() {
        let rules = parse(
            br#"[{"name": "n", "path": "/a", "method": "GET", "ranged": true, "skip": 1, "times": 2,
                "delay_ms": 3, "cut_at": 4, "cut_kind": "reset", "stall_at": 5, "status": 503,
                "headers": {"retry-after": "1"}, "body": "no", "corrupt_at": 6, "truncate_to": 7,
                "drop_headers": ["ETag"], "set_headers": {"x": "y"}, "gzip": true, "ignore_range": true,
                "bytes_per_second": 8, "replace": {"from": "a", "to": "b"}}]"#,
        )
        .unwrap();
        let [rule] = rules.as_slice() else { panic!("{rules:?}") };
        assert_eq!((rule.name.as_str(), rule.skip, rule.times), ("n", 1, Some(2)));
        let faults = &rule.faults;
        assert_eq!(faults.delay, Some(Duration::from_millis(3)));
        assert_eq!(faults.cut, Some(Cut { at: 4, kind: CutKind::Reset }));
        assert_eq!((faults.stall_at, faults.corrupt_at, faults.truncate_to), (Some(5), Some(6), Some(7)));
        let answer = faults.answer.as_ref().unwrap();
        assert_eq!((answer.status, answer.body.as_ref()), (StatusCode::SERVICE_UNAVAILABLE, &b"no"[..]));
        assert_eq!(answer.headers["retry-after"], "1");
        assert_eq!(faults.drop_headers.as_deref(), Some(&[http::header::ETAG][..]));
        assert_eq!(faults.set_headers.as_ref().unwrap()["x"], "y");
        assert_eq!(
            (faults.gzip, faults.ignore_range, faults.bytes_per_second),
            (Some(true), Some(true), Some(8))
        );
        assert_eq!(faults.replace.as_ref().unwrap().to, "b");
    }

    #[test]
    fn a_rule_without_a_name_is_called_by_its_index() {
        let rules = parse(br#"[{"gzip": true}, {"gzip": true}]"#).unwrap();
        assert_eq!(rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["rule 0", "rule 1"]);
    }

    #[test]
    fn an_error_names_the_rule_and_the_field() {
        for (field, value) in [
            ("name", "1"),
            ("path", "null"),
            ("method", "\"G E T\""),
            ("ranged", "1"),
            ("skip", "-1"),
            ("times", "0"),
            ("delay_ms", "1.5"),
            ("cut_at", "\"4\""),
            ("cut_kind", "\"rst\""),
            ("stall_at", "true"),
            ("status", "99"),
            ("status", "600"),
            ("headers", "{\"a\": 1}"),
            ("body", "{}"),
            ("corrupt_at", "-2"),
            ("truncate_to", "[]"),
            ("drop_headers", "\"etag\""),
            ("set_headers", "{\"a b\": \"c\"}"),
            ("gzip", "\"yes\""),
            ("ignore_range", "0"),
            ("bytes_per_second", "0"),
            ("replace", "{\"from\": \"ab\", \"to\": \"c\"}"),
        ] {
            let said = error(&format!("[{{\"gzip\": true}}, {{\"{field}\": {value}}}]"));
            assert!(said.starts_with(&format!("rule 1: {field}: expected ")), "{said}");
        }
    }

    #[test]
    fn what_would_be_ignored_is_an_error() {
        assert_eq!(error(r#"[{"cut_att": 1}]"#), "rule 0: there is no field \"cut_att\"");
        assert_eq!(error(r#"[{"path": "/"}]"#), "rule 0: has no fault in it, so it would do nothing");
        assert_eq!(
            error(r#"[{"gzip": true, "cut_kind": "fin"}]"#),
            "rule 0: cut_kind: has no meaning without cut_at"
        );
        assert_eq!(error(r#"[{"gzip": true, "body": "x"}]"#), "rule 0: body: has no meaning without status");
        assert_eq!(
            error(r#"[{"gzip": true, "headers": {}}]"#),
            "rule 0: headers: has no meaning without status"
        );
    }

    #[test]
    fn what_is_not_a_list_of_objects_is_an_error() {
        assert!(error("[").starts_with("the rules are not JSON: "));
        assert!(error("{}").starts_with("the rules must be a list"));
        assert_eq!(error("[{\"gzip\": true}, 3]"), "rule 1: expected an object");
    }
}
