//! What other origins may do with our answers: CORS and CORP (Fetch standard, sections 3.3 and 3.7). How
//! our pages are isolated from other origins: COOP and COEP (HTML standard, sections 7.1.3 and 7.1.4).

use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use clap::ValueEnum;
use thiserror::Error;
use tower_http::cors::{Any, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use super::headers::{EXPOSED, ascii};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Whose pages may read models, pieces and the API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AllowedOrigins {
    /// All origins: the content is public.
    Everyone,
    /// The pages of these origins, such as `https://example.org`.
    These(Vec<HeaderValue>),
    /// Only our own pages.
    Nobody,
}

/// Why a text names no origins.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "{0:?} is not an origin; expected *, none, or origins such as https://example.org with commas between"
)]
pub struct NotAnOrigin(String);

impl FromStr for AllowedOrigins {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        match text.trim() {
            "*" => Ok(Self::Everyone),
            "none" => Ok(Self::Nobody),
            list => {
                list.split(',').map(|text| origin(text.trim())).collect::<Result<_, _>>().map(Self::These)
            }
        }
    }
}

/// As browsers write it (RFC 6454 section 6.2): a scheme, an authority, and no slash behind it. Anything else would never
/// be equal to what they send.
fn origin(text: &str) -> Result<HeaderValue, NotAnOrigin> {
    let wrong = || NotAnOrigin(text.to_owned());
    let (scheme, authority) = text.split_once("://").ok_or_else(wrong)?;
    let scheme_is_one =
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let authority_is_one = !authority.is_empty()
        && authority.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:[]".contains(&b));
    if !scheme_is_one || !authority_is_one || text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(wrong());
    }
    HeaderValue::from_str(text).or(Err(wrong()))
}

impl AllowedOrigins {
    /// Adds CORS headers to answers, and answers preflights.
    pub(crate) fn layer(&self) -> CorsLayer {
        let cors = CorsLayer::new()
            .allow_methods([Method::GET, Method::HEAD])
            .allow_headers([
                header::RANGE,
                header::IF_RANGE,
                header::IF_MATCH,
                header::IF_NONE_MATCH,
                header::AUTHORIZATION,
            ])
            .expose_headers(EXPOSED)
            .max_age(Duration::from_secs(86_400));
        match self {
            // The answer to `*` does not depend on who asks.
            Self::Everyone => cors.allow_origin(Any).vary([]),
            Self::These(origins) => cors.allow_origin(origins.clone()).vary([header::ORIGIN]),
            Self::Nobody => CorsLayer::new().vary([]),
        }
    }

    /// Adds the CORS headers to an answer to GET or HEAD, unless these depend on the origin of the request.
    pub(crate) fn mark(&self, mut response: Response) -> Response {
        static EXPOSED_NAMES: LazyLock<HeaderValue> =
            LazyLock::new(|| ascii(EXPOSED.each_ref().map(HeaderName::as_str).join(",")));
        let headers = response.headers_mut();
        match self {
            Self::Everyone => {
                headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
                headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_NAMES.clone());
            }
            Self::Nobody => {
                headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
            }
            Self::These(_) => {}
        }
        response
    }

    /// Who may embed answers without reading them. Origins that may read may embed anyway.
    pub(crate) fn resource_policy(&self) -> SetResponseHeaderLayer<HeaderValue> {
        match self {
            Self::Everyone => resource_policy("cross-origin"),
            Self::These(_) | Self::Nobody => resource_policy("same-origin"),
        }
    }
}

/// Puts `Cross-Origin-Resource-Policy` on every answer.
pub(crate) fn resource_policy(policy: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(RESOURCE_POLICY, HeaderValue::from_static(policy))
}

/// How our pages are kept apart from those of other origins, which gives their scripts shared memory and exact clocks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum PageIsolation {
    /// Isolated; what pages load from other origins must say that it may be.
    RequireCorp,
    /// Isolated; what pages load from other origins is asked for without cookies.
    Credentialless,
    /// Not isolated.
    Off,
}

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Middleware for pages. A browser applies these headers only for potentially trustworthy origins (HTTPS or localhost), and logs a
/// warning elsewhere. Its request shows which one it is: only requests to such origins have Fetch Metadata headers.
pub(crate) async fn isolate(
    State(isolation): State<PageIsolation>,
    request: Request,
    next: Next,
) -> Response {
    let trusted = request.headers().contains_key(SEC_FETCH_MODE);
    let mut response = next.run(request).await;
    let embedder_policy = match isolation {
        PageIsolation::RequireCorp => "require-corp",
        PageIsolation::Credentialless => "credentialless",
        PageIsolation::Off => return response,
    };
    let headers = response.headers_mut();
    if trusted {
        let field = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
        headers.extend([
            field("cross-origin-opener-policy", "same-origin"),
            field("cross-origin-embedder-policy", embedder_policy),
        ]);
    }
    headers.append(header::VARY, HeaderValue::from_name(SEC_FETCH_MODE));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_write_them() {
        assert_eq!("*".parse(), Ok(AllowedOrigins::Everyone));
        assert_eq!("none".parse(), Ok(AllowedOrigins::Nobody));
        let two = ["https://example.org", "http://[::1]:8080"].map(HeaderValue::from_static);
        assert_eq!("https://example.org, http://[::1]:8080".parse(), Ok(AllowedOrigins::These(two.to_vec())));
        for wrong in [
            "",
            "example.org",
            "https://",
            "https://example.org/",
            "https://Example.org",
            "*,https://x",
            "://x",
        ] {
            assert!(wrong.parse::<AllowedOrigins>().is_err(), "{wrong}");
        }
    }
}
