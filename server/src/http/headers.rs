//! The headers that many answers have.

use axum::http::{HeaderName, HeaderValue, header};
use bytes::Bytes;
use protocol::{Digest, Revision, representation};

/// The revision that an answer is about: what model-hub clients insist on.
pub(crate) const X_REPO_COMMIT: HeaderName = HeaderName::from_static(representation::X_REPO_COMMIT);
/// Why something is missing, in the words of model-hub clients.
pub(crate) const X_ERROR_CODE: HeaderName = HeaderName::from_static(representation::X_ERROR_CODE);
/// The same in a sentence, which they show.
pub(crate) const X_ERROR_MESSAGE: HeaderName = HeaderName::from_static(representation::X_ERROR_MESSAGE);
/// RFC 9530 section 3.
pub(crate) const REPR_DIGEST: HeaderName = HeaderName::from_static(representation::REPR_DIGEST);

/// For URLs whose bytes never change.
pub(crate) const IMMUTABLE: HeaderValue = HeaderValue::from_static(representation::IMMUTABLE);
/// For everything else: may be kept, must be asked about each time.
pub(crate) const NO_CACHE: HeaderValue = HeaderValue::from_static(representation::NO_CACHE);

/// What scripts of other origins may read beyond the CORS-safelisted headers.
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
    let mut text = Vec::with_capacity(2 * digest.as_bytes().len() + 2);
    text.push(b'"');
    push_hex(&mut text, digest.as_bytes());
    text.push(b'"');
    visible(text)
}

/// The value of `X-Repo-Commit`.
pub(crate) fn repo_commit(revision: &Revision) -> HeaderValue {
    let mut text = Vec::with_capacity(2 * revision.as_bytes().len());
    push_hex(&mut text, revision.as_bytes());
    visible(text)
}

/// `sha-256=:<base64>:`, RFC 9530 section 3 and RFC 8941 section 3.3.5.
pub(crate) fn repr_digest(digest: &Digest) -> HeaderValue {
    ascii(representation::repr_digest(digest))
}

/// By hand, since each answer about a file or a piece needs it: `format!` takes many times as long.
fn push_hex(text: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// A header value from text that we made ourselves, of visible ASCII characters. Should that ever be wrong, the header is empty
/// rather than the answer lost.
pub(crate) fn ascii(text: impl Into<String>) -> HeaderValue {
    visible(text.into().into_bytes())
}

fn visible(text: Vec<u8>) -> HeaderValue {
    debug_assert!(text.is_ascii());
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static(""))
}

/// The media type by file name.
pub(crate) fn content_type(file_name: &str) -> HeaderValue {
    HeaderValue::from_static(representation::content_type(file_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_headers_are_those_of_the_protocol() {
        let digest = Digest::from_bytes(std::array::from_fn(|at| at as u8 * 8 + 7));
        assert_eq!(etag(&digest), representation::etag(&digest));
        let revision = Revision::from_lines_digest(&digest);
        assert_eq!(repo_commit(&revision), revision.to_string());
    }
}
