//! Kinds of URLs, for counting: only as many as help an operator.

/// What a URL is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Route {
    /// `/pieces/..`
    Piece,
    /// `/{owner}/{name}/resolve/..` and `/{owner}/{name}/raw/..`
    File,
    /// `/api/..`
    Api,
    /// `/healthz`
    Health,
    /// What pages load: scripts, styles, the worker.
    Asset,
    /// Everything else: pages, and what is nowhere.
    Page,
}

impl Route {
    pub(crate) const ALL: [Self; 6] =
        [Self::Piece, Self::File, Self::Api, Self::Health, Self::Asset, Self::Page];

    /// The value of the label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Piece => "piece",
            Self::File => "file",
            Self::Api => "api",
            Self::Health => "health",
            Self::Asset => "asset",
            Self::Page => "page",
        }
    }

    /// Tells by the path.
    pub(crate) fn of(path: &str) -> Self {
        let mut segments = path.split('/').skip(1);
        match (segments.next(), segments.nth(1)) {
            (Some("pieces"), _) => Self::Piece,
            (Some("api"), _) => Self::Api,
            (Some("healthz"), None) => Self::Health,
            (
                Some(
                    "assets"
                    | "inference"
                    | "inference-worker.js"
                    | "manifest.webmanifest"
                    | "modelferry.d.ts"
                    | "modelferry.js"
                    | "module"
                    | "pkg"
                    | "service-worker.js",
                ),
                _,
            ) => Self::Asset,
            (_, Some("resolve" | "raw")) => Self::File,
            (_, _) => Self::Page,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_url_is_of_one_kind() {
        for (path, route) in [
            ("/", Route::Page),
            ("", Route::Page),
            ("/o/n", Route::Page),
            ("/o/n/x", Route::Page),
            ("/o/n/resolve/main/a/b", Route::File),
            ("/o/n/raw/main/a", Route::File),
            ("/pieces/00", Route::Piece),
            ("/api", Route::Api),
            ("/api/models/o/resolve", Route::Api),
            ("/healthz", Route::Health),
            ("/service-worker.js", Route::Asset),
            ("/pkg/modelferry.wasm", Route::Asset),
            ("/modelferry.js", Route::Asset),
            ("/module/00.wasm", Route::Asset),
            ("/inference-worker.js", Route::Asset),
            ("/inference/00.wasm", Route::Asset),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }

    #[test]
    fn each_is_where_its_number_says() {
        for (i, route) in Route::ALL.into_iter().enumerate() {
            assert_eq!(route as usize, i);
        }
    }
}
