//! Which paths a rule means: a prefix, or a glob if there is a `*` in it.

/// A pattern for the path of a URL, without its query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Pattern(String);

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Without `*`, whether the path begins with the pattern; else whether all of it fits, where `*` stands for
    /// any text, slashes included.
    pub(crate) fn fits(&self, path: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return true;
        };
        for part in parts {
            match rest.find(part) {
                Some(place) => rest = &rest[place + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_star_it_is_a_prefix() {
        assert!(Pattern::new("/pieces/").fits("/pieces/abc"));
        assert!(!Pattern::new("/pieces/").fits("/api/pieces/abc"));
        assert!(Pattern::new("").fits("/"));
    }

    #[test]
    fn a_star_is_any_text_and_the_rest_must_fit() {
        for (pattern, path, fits) in [
            ("*", "/", true),
            ("/a/*", "/a/b/c", true),
            ("*.js", "/pkg/x.js", true),
            ("*.js", "/pkg/x.js.map", false),
            ("/a/*/manifest/*", "/a/b/c/manifest/main", true),
            ("/a/*/manifest/*", "/a/b/c/manifesto", false),
            ("/ab*bc", "/abc", false),
            ("/ab*bc", "/abbc", true),
            ("/a**b", "/ab", true),
        ] {
            assert_eq!(Pattern::new(pattern).fits(path), fits, "{pattern} {path}");
        }
    }
}
