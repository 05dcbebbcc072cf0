//! The header fields that are the same for many answers.

use axum::http::{HeaderName, HeaderValue, header};
use protocol::{Digest, representation};

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
    ascii(&representation::etag(digest))
}

/// `sha-256=:<base64>:`, RFC 9530 section 3 and RFC 8941 section 3.3.5.
pub(crate) fn repr_digest(digest: &Digest) -> HeaderValue {
    ascii(&representation::repr_digest(digest))
}

/// A field value from text that we made ourselves, of visible ASCII characters. Should that ever be wrong, the
/// field is empty rather than the answer lost.
pub(crate) fn ascii(text: &str) -> HeaderValue {
    debug_assert!(text.is_ascii());
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// The media type by file name.
pub(crate) fn content_type(file_name: &str) -> HeaderValue {
    HeaderValue::from_static(representation::content_type(file_name))
}
