//! The header fields that are the same for many answers.

use axum::http::{HeaderName, HeaderValue, header};
use protocol::Digest;

/// The revision that an answer is about: what model-hub clients insist on.
pub(crate) const X_REPO_COMMIT: HeaderName = HeaderName::from_static("x-repo-commit");
/// Why something is missing, in the words of model-hub clients.
pub(crate) const X_ERROR_CODE: HeaderName = HeaderName::from_static("x-error-code");
/// The same in a sentence, which they show.
pub(crate) const X_ERROR_MESSAGE: HeaderName = HeaderName::from_static("x-error-message");
/// RFC 9530 section 3.
pub(crate) const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// For URLs whose bytes never change. `no-transform` (RFC 9111 section 5.2.2.6): a proxy that compresses would
/// break ranges and digests.
pub(crate) const IMMUTABLE: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable, no-transform");
/// For everything else: may be kept, must be asked about each time.
pub(crate) const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// What scripts of other origins may read beyond the CORS-safelisted fields.
pub(crate) const EXPOSED: [HeaderName; 11] = [
    header::ETAG,
    header::ACCEPT_RANGES,
    header::CONTENT_RANGE,
    header::CONTENT_LENGTH,
    header::LINK,
    REPR_DIGEST,
    X_REPO_COMMIT,
    X_ERROR_CODE,
    X_ERROR_MESSAGE,
    HeaderName::from_static("x-linked-etag"),
    HeaderName::from_static("x-linked-size"),
];

/// A strong entity tag: the digest in quotes.
pub(crate) fn etag(digest: &Digest) -> HeaderValue {
    ascii(&format!("\"{digest}\""))
}

/// `sha-256=:<base64>:`, RFC 9530 section 3 and RFC 8941 section 3.3.5.
pub(crate) fn repr_digest(digest: &Digest) -> HeaderValue {
    ascii(&format!("sha-256=:{}:", base64(digest.as_bytes())))
}

/// A field value from text that we made ourselves, of visible ASCII characters. Should that ever be wrong, the
/// field is empty rather than the answer lost.
pub(crate) fn ascii(text: &str) -> HeaderValue {
    debug_assert!(text.is_ascii());
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// The media type by file name. Short on purpose: nothing that a browser would run or render as a page is
/// named here, since models come from strangers and share the origin of the pages.
pub(crate) fn content_type(file_name: &str) -> HeaderValue {
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    HeaderValue::from_static(match extension.to_ascii_lowercase().as_str() {
        "json" => "application/json",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
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
