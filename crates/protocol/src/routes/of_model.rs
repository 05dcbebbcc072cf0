//! Parses the URLs of one model, as the server does: the inverse of what [`super`] builds.

use percent_encoding::percent_decode_str;

use super::MAIN;
use crate::{FilePath, ModelId, Revision};

/// What a URL asks of one model.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OfModel {
    /// The model.
    pub model: ModelId,
    /// Of which revision; `None` is [`MAIN`].
    pub revision: Option<Revision>,
    /// What of it.
    pub what: What,
}

/// What can be asked of one revision of a model.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum What {
    /// A file: `/{owner}/{name}/resolve/{revision}/{path}`, or `raw` in the place of `resolve`.
    File(FilePath),
    /// What hubs say of a model: `/api/models/{id}`, or `/api/models/{id}/revision/{revision}`.
    Info,
    /// The files and folders in a folder: `/api/models/{id}/tree/{revision}/{folder}`.
    Tree {
        /// The folder; `None` is the topmost.
        folder: Option<FilePath>,
        /// Whether what is in folders below is asked for as well.
        recursive: bool,
    },
    /// The branches and tags: `/api/models/{id}/refs`.
    Refs,
}

/// What a URL asks of a model, without its origin; `None` for any other one, and for what only a server could tell.
#[must_use]
pub fn parse_of_model(url: &str) -> Option<OfModel> {
    // A fragment is never sent.
    let url = url.split('#').next()?;
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let (owner, name, revision, what) = match segments[..] {
        ["api", "models", owner, name] => (owner, name, MAIN, What::Info),
        ["api", "models", owner, name, "refs"] => (owner, name, MAIN, What::Refs),
        ["api", "models", owner, name, "revision", revision] => (owner, name, revision, What::Info),
        ["api", "models", owner, name, "tree", revision, ref folder @ ..] => {
            let folder = if folder.is_empty() { None } else { Some(decode_path(folder)?) };
            (owner, name, revision, What::Tree { folder, recursive: is_recursive(query) })
        }
        [owner, name, "resolve" | "raw", revision, ref path @ ..] => {
            (owner, name, revision, What::File(decode_path(path)?))
        }
        [..] => return None,
    };
    let revision = if revision == MAIN { None } else { Some(revision.parse().ok()?) };
    Some(OfModel { model: ModelId::new(&decode(owner)?, &decode(name)?).ok()?, revision, what })
}

/// Whether the query says `recursive=true`, in the spellings that clients have for it.
#[must_use]
pub fn is_recursive(query: &str) -> bool {
    query.split('&').any(|pair| matches!(pair, "recursive=true" | "recursive=True" | "recursive=1"))
}

fn decode(segment: &str) -> Option<String> {
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    // A separator that was encoded is one for some programs and part of a name for others.
    (!text.is_empty() && !text.contains('/')).then(|| text.into_owned())
}

fn decode_path(segments: &[&str]) -> Option<FilePath> {
    let mut path = String::new();
    for segment in segments {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(&decode(segment)?);
    }
    path.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::routes;

    fn file(url: &str) -> Option<String> {
        match parse_of_model(url)?.what {
            What::File(path) => Some(path.to_string()),
            What::Info | What::Tree { .. } | What::Refs => None,
        }
    }

    fn paths() -> impl Strategy<Value = FilePath> {
        let segment = "[^/\\p{Cc}]{1,12}";
        prop::collection::vec(segment, 1..4).prop_filter_map("dots", |parts| parts.join("/").parse().ok())
    }

    fn models() -> impl Strategy<Value = ModelId> {
        ("[^/\\p{Cc}]{1,20}", "[^/\\p{Cc}]{1,20}")
            .prop_filter_map("reserved", |(owner, name)| ModelId::new(&owner, &name).ok())
    }

    proptest! {
        #[test]
        fn what_is_built_is_taken_apart(
            model in models(),
            bytes in any::<Option<[u8; 20]>>(),
            path in paths(),
            recursive in any::<bool>(),
        ) {
            let revision = bytes.map(Revision::from_bytes);
            let said = revision.map_or_else(|| MAIN.to_owned(), |revision| revision.to_string());
            let of = |what| Some(OfModel { model: model.clone(), revision, what });
            let url = routes::resolve(&model, &said, &path);
            for end in ["", "?download=true", "#part", "?a=/b#c"] {
                prop_assert_eq!(parse_of_model(&format!("{url}{end}")), of(What::File(path.clone())));
            }
            let info = routes::model_info(&model);
            prop_assert_eq!(parse_of_model(&format!("{info}/revision/{said}")), of(What::Info));
            let query = if recursive { "?expand=False&recursive=True" } else { "" };
            let tree = What::Tree { folder: None, recursive };
            prop_assert_eq!(parse_of_model(&format!("{info}/tree/{said}{query}")), of(tree));
            // A folder's URL ends as a file's does.
            let folder = url.split_once(&format!("/resolve/{said}/")).map_or("", |(_, path)| path);
            let tree = What::Tree { folder: Some(path), recursive };
            prop_assert_eq!(parse_of_model(&format!("{info}/tree/{said}/{folder}{query}")), of(tree));
            if revision.is_none() {
                prop_assert_eq!(parse_of_model(&info), of(What::Info));
                prop_assert_eq!(parse_of_model(&format!("{info}/refs")), of(What::Refs));
            }
        }

        #[test]
        fn whatever_is_understood_names_a_file_that_can_be(url in "(/[a-z.%/ 0-9é?#]{0,9}){0,7}") {
            if let Some(OfModel { model, what: What::File(path), .. }) = parse_of_model(&url) {
                prop_assert_eq!(file(&routes::resolve(&model, MAIN, &path)), Some(path.to_string()));
            }
            let _ = parse_of_model(&format!("/o/n/resolve/main{url}"));
            let _ = parse_of_model(&format!("/api/models{url}"));
        }
    }

    #[test]
    fn what_only_a_server_could_tell_is_left_to_it() {
        for url in [
            "",
            "/",
            "/o/n",
            "/o/n/resolve/main",
            "/o/n/resolve/main/",
            "/o/n/resolve/main/a//b",
            "/o/n/resolve/main/a/",
            "/o/n/resolve/main/../a",
            "/o/n/resolve/main/%2e%2E/a",
            "/o/n/resolve/main/a%2Fb",
            "/o%2Fp/n/resolve/main/a",
            "/o/n/resolve/main/%ff",
            "/o/n/resolve/main/%00",
            "/o/n/resolve/Main/a",
            "/o/n/resolve/refs/pr/1/a",
            "/o/n/resolve/0123456789ABCDEF0123456789ABCDEF01234567/a",
            "/o/n/blob/main/a",
            "//o/n/resolve/main/a",
            "/api/models",
            "/api/models/n",
            "/api/models/o/n/",
            "/api/models/o/n/tree/main/",
            "/api/models/o/n/manifest/main",
            "/api/models/o/n/revision/main/x",
            "/api/models/api/n",
            "/pieces/n/resolve/main/a",
            "https://example.org/o/n/resolve/main/a",
        ] {
            assert_eq!(parse_of_model(url), None, "{url}");
        }
        assert_eq!(file("/o/n/raw/main/a%20b/%C3%B6?x"), Some("a b/ö".to_owned()));
        // As the server reads it.
        assert_eq!(file("/o/n/resolve/main/100%zz"), Some("100%zz".to_owned()));
    }
}
