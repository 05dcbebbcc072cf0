//! Which URLs of the application the service worker caches for offline use, and how.
//!
//! Models are not part of the shell: files, pieces and the hub API have rules of their own.

/// The field by which answers for pages, for what they load and for the programs beside them name their build. A page that does
/// not carry it is not ours: other people's pages may be on the same origin.
pub const BUILD: &str = "x-modelferry-build";

/// Whether a response with this status comes from the server itself, not from a gateway: RFC 9110 sections 15.6.3 to
/// 15.6.5, and what is beyond them.
#[must_use]
pub fn is_of_the_server(status: u16) -> bool {
    status <= 501
}

/// How a URL of the application is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kept {
    /// In a folder whose file names contain digests. A cached file is right forever, if the server
    /// said so.
    Hashed,
    /// A file under a name that stays: what the server has now, and what is kept only if it cannot be asked.
    Stable,
    /// A page: the same.
    Page,
}

/// What a request is for, in the words of the Fetch Standard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Destination {
    /// A user goes there.
    Navigation,
    /// A page loads it.
    Subresource,
}

/// How the path of a GET request is kept; `None` if it is no part of the application. Only where a user goes is an
/// unknown address a page.
#[must_use]
pub fn kept(path: &str, destination: Destination) -> Option<Kept> {
    let mut segments = path.split('/').skip(1);
    let (first, second, third) = (segments.next()?, segments.next(), segments.next());
    match (first, second) {
        ("pkg" | "inference" | "module", Some(_)) => Some(Kept::Hashed),
        ("assets", Some(_)) => Some(Kept::Stable),
        ("manifest.webmanifest" | "inference-worker.js" | "modelferry.js", None) => Some(Kept::Stable),
        // What is the server's alone. The worker's script above all: a kept one would never be replaced.
        ("api" | "healthz" | "metrics" | "pieces" | "service-worker.js", _) => None,
        // Files of models, which are saved or shown by themselves.
        _ if matches!(third, Some("resolve" | "raw")) => None,
        _ => (destination == Destination::Navigation).then_some(Kept::Page),
    }
}

#[cfg(test)]
mod tests {
    use super::Destination::{Navigation, Subresource};
    use super::*;
    use crate::routes;

    #[test]
    fn pages_are_what_a_person_goes_to() {
        for path in ["/", "/owner/name", "/owner/name/", "/nothing", "/a/b/c/d", routes::OFFLINE] {
            assert_eq!(kept(path, Navigation), Some(Kept::Page), "{path}");
            assert_eq!(kept(path, Subresource), None, "{path}");
        }
    }

    #[test]
    fn what_pages_load_is_kept_by_the_name_it_has() {
        for destination in [Navigation, Subresource] {
            for path in ["/pkg/modelferry.abc.js", "/inference/abc.wasm", "/module/abc.js"] {
                assert_eq!(kept(path, destination), Some(Kept::Hashed), "{path}");
            }
            let stable = ["/assets/icon.svg", routes::WEB_MANIFEST, "/inference-worker.js", "/modelferry.js"];
            for path in stable {
                assert_eq!(kept(path, destination), Some(Kept::Stable), "{path}");
            }
        }
    }

    #[test]
    fn models_and_what_is_the_servers_alone_are_left_to_others() {
        let digest = crate::Digest::from_bytes([7; 32]);
        let paths = [
            routes::SERVICE_WORKER,
            "/healthz",
            "/metrics",
            "/api/models",
            "/api/models/owner/name/manifest/main",
            "/owner/name/resolve/main/config.json",
            "/owner/name/raw/main/config.json",
            &routes::piece(&digest),
            "",
        ];
        for path in paths {
            assert_eq!(kept(path, Navigation), None, "{path}");
            assert_eq!(kept(path, Subresource), None, "{path}");
        }
    }
}
