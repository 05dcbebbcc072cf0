//! HTTP headers of a file. The server sends them, and so does the service worker for models on the device.

use crate::Digest;

/// The revision that an answer is about: what model-hub clients insist on.
pub const X_REPO_COMMIT: &str = "x-repo-commit";
/// Why something is missing, in the words of model-hub clients.
pub const X_ERROR_CODE: &str = "x-error-code";
/// The same in a sentence, which they show.
pub const X_ERROR_MESSAGE: &str = "x-error-message";
/// RFC 9530 section 3.
pub const REPR_DIGEST: &str = "repr-digest";

/// `Cache-Control` of what never changes. `no-transform` (RFC 9111 section 5.2.2.6): a proxy that compresses would break
/// ranges and digests.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable, no-transform";
/// `Cache-Control` of everything else: may be kept, must be asked about each time.
pub const NO_CACHE: &str = "no-cache";

/// The body of a 412.
pub const NOT_AS_EXPECTED: &str = "what is here is not what the request's condition names";

/// The body of a 416; the length in bytes.
#[must_use]
pub fn unsatisfiable(length: u64) -> String {
    format!("the range is not one of the {length} bytes that are here")
}

/// A strong entity tag: the digest in quotes.
#[must_use]
pub fn etag(digest: &Digest) -> String {
    format!("\"{digest}\"")
}

/// `sha-256=:<base64>:`, RFC 9530 section 3 and RFC 8941 section 3.3.5.
#[must_use]
pub fn repr_digest(digest: &Digest) -> String {
    format!("sha-256=:{}:", base64(digest.as_bytes()))
}

/// The media type by file name. The list has no type that a browser would run or render as a page. Models
/// may come from strangers, and share the origin of the pages.
#[must_use]
pub fn content_type(file_name: &str) -> &'static str {
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is = |known: &str| extension.eq_ignore_ascii_case(known);
    if is("json") {
        "application/json"
    } else if is("txt") || is("md") {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    }
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            // n bytes fill n + 1 characters; the rest is padding.
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > group.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_the_rfc() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn only_harmless_types_are_named() {
        for (name, expected) in [
            ("config.json", "application/json"),
            ("README.MD", "text/plain; charset=utf-8"),
            ("index.html", "application/octet-stream"),
            ("x.svg", "application/octet-stream"),
            ("LICENSE", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name), expected);
        }
    }
}
