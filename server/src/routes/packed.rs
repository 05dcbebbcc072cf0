//! Files that the build packs into this program (`build/pack/`), and the browser programs that consist of
//! them. A program has an entry at a stable URL. The URLs of the files that it loads contain their digests.

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use protocol::Digest;
use sha2::{Digest as _, Sha256};

use crate::http::{ErrorFormat, IMMUTABLE, NO_CACHE, Representation, RepresentationHeaders, answer};

/// One program.
#[derive(Debug)]
pub(super) struct Packed {
    pub entry: &'static [u8],
    pub files: &'static [File],
}

/// A file.
#[derive(Debug)]
pub(crate) struct File {
    pub path: &'static str,
    pub media_type: &'static str,
    /// Whether its URL names its content.
    pub immutable: bool,
    pub plain: &'static [u8],
    /// The same, compressed with brotli, unless its format is compressed already.
    pub brotli: Option<&'static [u8]>,
}

/// What belongs to one build of a program.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The paths of what the entry loads, then the entry's own.
    pub paths: Vec<&'static str>,
    pub entry: &'static [u8],
}

/// Text that asks to be looked at again each time.
pub(super) fn script(path: &str, media_type: &'static str, text: &'static [u8]) -> Router {
    let text = Variant::new(text, media_type, NO_CACHE, HeaderMap::new());
    Router::new().route(
        path,
        get(move |method: Method, request: HeaderMap| async move { text.answer(&method, &request) }),
    )
}

impl Packed {
    /// All its files, with the entry at this path.
    pub(super) fn parts(&'static self, entry: &'static str) -> Parts {
        let paths = self.files.iter().map(|file| file.path).chain([entry]).collect();
        Parts { paths, entry: self.entry }
    }

    /// The routes, the entry's first.
    pub(super) fn router(&'static self, entry: &str) -> Router {
        self.entry(entry).merge(self.files())
    }

    /// The route of the entry alone.
    pub(super) fn entry(&'static self, path: &str) -> Router {
        script(path, "text/javascript; charset=utf-8", self.entry)
    }

    /// The routes of what it loads.
    pub(super) fn files(&'static self) -> Router {
        self.files.iter().fold(Router::new(), |router, file| router.merge(file.router()))
    }
}

impl File {
    /// Its route.
    pub(crate) fn router(&self) -> Router {
        let cache_control = if self.immutable { IMMUTABLE } else { NO_CACHE };
        let brotli = self.brotli.map(|brotli| {
            let coding = HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static("br"))]);
            Variant::new(brotli, self.media_type, cache_control.clone(), coding)
        });
        let plain = Variant::new(self.plain, self.media_type, cache_control, HeaderMap::new());
        let answer = move |method: Method, request: HeaderMap| async move {
            let variant = brotli.filter(|_| takes_brotli(&request)).unwrap_or(plain);
            variant.answer(&method, &request)
        };
        Router::new().route(self.path, get(answer))
    }
}

/// Bytes with all their headers.
#[derive(Clone)]
struct Variant {
    representation: Representation,
    bytes: Bytes,
}

impl Variant {
    fn new(
        bytes: &'static [u8],
        media_type: &'static str,
        cache_control: HeaderValue,
        headers: HeaderMap,
    ) -> Self {
        let representation = Representation::from(RepresentationHeaders {
            digest: Digest::from_bytes(Sha256::digest(bytes).into()),
            length: bytes.len() as u64,
            content_type: HeaderValue::from_static(media_type),
            cache_control,
            last_modified: None,
            others: headers,
            form: ErrorFormat::Text,
        });
        Self { representation, bytes: Bytes::from_static(bytes) }
    }

    fn answer(&self, method: &Method, request: &HeaderMap) -> Response {
        answer(method, request, self.representation.clone(), &self.bytes)
    }
}

/// Whether brotli is among what the client names (RFC 9110 section 12.5.3) and does not refuse. What else it likes better
/// does not matter: nothing that it may name is smaller.
fn takes_brotli(request: &HeaderMap) -> bool {
    request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|field| field.to_str().ok()).any(|field| {
        field.split(',').any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight: String = weight.split_whitespace().collect();
            let refused = matches!(
                weight.to_ascii_lowercase().as_str(),
                "q=0" | "q=0." | "q=0.0" | "q=0.00" | "q=0.000"
            );
            name.trim().eq_ignore_ascii_case("br") && !refused
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_sent_to_those_who_take_it() {
        let takes = |field: &'static str| {
            takes_brotli(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(field))]))
        };
        for field in ["br", "gzip, deflate, br, zstd", "gzip;q=1.0, BR ; Q=0.5", "br;q=0.001"] {
            assert!(takes(field), "{field}");
        }
        for field in ["", "gzip", "br;q=0", "gzip, br; q=0.000", "brotli", "*"] {
            assert!(!takes(field), "{field}");
        }
        assert!(!takes_brotli(&HeaderMap::new()));
    }
}
