//! All rules together: which faults a request gets, and how often each rule has been used.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::rule::{Faults, Rule, RuleError, parse};

/// The rules in force.
#[derive(Debug, Default)]
pub struct Rules(Mutex<Vec<CountedRule>>);

#[derive(Debug)]
struct CountedRule {
    rule: Rule,
    /// Requests that it is about.
    matched: u64,
    /// Requests that it has given a fault to.
    used: u64,
}

impl Rules {
    /// Reads a JSON list of rules.
    ///
    /// # Errors
    /// [`RuleError`], for the first thing that is wrong.
    pub fn from_json(json: &[u8]) -> Result<Self, RuleError> {
        let count = |rule| CountedRule { rule, matched: 0, used: 0 };
        Ok(Self(Mutex::new(parse(json)?.into_iter().map(count).collect())))
    }

    /// Puts other rules in force. Answers that have begun go on as they were meant to.
    pub(crate) fn replace(&self, other: Self) {
        let other = other.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.lock() = other;
    }

    /// The faults for a request, and the names of the rules they are from.
    pub(crate) fn apply<B>(&self, request: &http::Request<B>) -> (Faults, Vec<String>) {
        let mut faults = Faults::default();
        let mut names = Vec::new();
        for counted in self.lock().iter_mut().filter(|counted| counted.rule.matches(request)) {
            counted.matched += 1;
            let rule = &counted.rule;
            let due = counted.matched > rule.skip && rule.times.is_none_or(|times| counted.used < times);
            if due && faults.add(&rule.faults) {
                counted.used += 1;
                names.push(rule.name.clone());
            }
        }
        (faults, names)
    }

    /// The rules as they were given, with how often each has matched and has been used.
    pub(crate) fn show(&self) -> Value {
        let show = |counted: &CountedRule| {
            let mut shown = counted.rule.json.clone();
            shown.insert("matched".to_owned(), json!(counted.matched));
            shown.insert("used".to_owned(), json!(counted.used));
            Value::Object(shown)
        };
        self.lock().iter().map(show).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<CountedRule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn request(path: &str) -> Request<()> {
        Request::get(path).body(()).unwrap()
    }

    fn names(rules: &Rules, path: &str) -> Vec<String> {
        rules.apply(&request(path)).1
    }

    #[test]
    fn a_rule_skips_and_is_used_up() {
        let rules =
            Rules::from_json(br#"[{"name": "a", "path": "/a", "skip": 1, "times": 2, "gzip": true}]"#)
                .unwrap();
        let used: Vec<_> = (0..5).map(|_| names(&rules, "/a").len()).collect();
        assert_eq!(used, [0, 1, 1, 0, 0]);
        assert!(names(&rules, "/b").is_empty());
        assert_eq!(rules.show()[0]["matched"], 5);
        assert_eq!(rules.show()[0]["used"], 2);
    }

    #[test]
    fn the_first_rule_with_a_fault_wins_and_several_add_up() {
        let rules = Rules::from_json(
            br#"[{"name": "a", "times": 1, "stall_at": 1, "gzip": true},
                {"name": "b", "times": 1, "stall_at": 2},
                {"name": "c", "truncate_to": 3, "stall_at": 4}]"#,
        )
        .unwrap();
        let (faults, from) = rules.apply(&request("/"));
        assert_eq!((faults.stall_at, faults.gzip, faults.truncate_to), (Some(1), Some(true), Some(3)));
        assert_eq!(from, ["a", "c"]);
        // The second one gave nothing, so it is still there to be used.
        let (faults, from) = rules.apply(&request("/"));
        assert_eq!((faults.stall_at, faults.gzip), (Some(2), None));
        assert_eq!(from, ["b", "c"]);
    }

    #[test]
    fn method_and_range_narrow_a_rule_down() {
        let rules = Rules::from_json(
            br#"[{"name": "head", "method": "HEAD", "gzip": true}, {"name": "part", "ranged": true, "delay_ms": 1},
                {"name": "whole", "ranged": false, "cut_at": 1}]"#,
        )
        .unwrap();
        assert_eq!(names(&rules, "/"), ["whole"]);
        assert_eq!(rules.apply(&Request::head("/").body(()).unwrap()).1, ["head", "whole"]);
        let part = Request::get("/").header("range", "bytes=0-").body(()).unwrap();
        assert_eq!(rules.apply(&part).1, ["part"]);
    }
}
