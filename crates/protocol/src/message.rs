//! What page and worker say to each other by `postMessage`, as JSON text.
//!
//! A page and a worker of different versions do meet (a tab stays open over an update). So every message
//! travels in an [`Envelope`] with the version of this vocabulary, and a receiver that does not understand
//! one falls back on reading the store, which is the truth anyway.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AttemptId, Digest, ModelId};

/// A message with the version of its vocabulary.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Envelope<M> {
    modelferry: u32,
    message: M,
}

impl<M> Envelope<M> {
    /// The vocabulary of this module. Raised whenever a message changes its meaning.
    pub const VERSION: u32 = 1;
}

impl<M: Serialize> Envelope<M> {
    /// The JSON text of a message.
    ///
    /// # Errors
    /// Those of serialisation; none of our messages has a map with non-text keys, the only cause.
    pub fn seal(message: M) -> Result<String, serde_json::Error> {
        let modelferry = Self::VERSION;
        serde_json::to_string(&Self { modelferry, message })
    }
}

impl<M: for<'de> Deserialize<'de>> Envelope<M> {
    /// The message in a JSON text; `None` if it is not ours or of another version.
    #[must_use]
    pub fn open(text: &str) -> Option<M> {
        let envelope: Self = serde_json::from_str(text).ok()?;
        (envelope.modelferry == Self::VERSION).then_some(envelope.message)
    }
}

/// From the worker to all pages; also from page to page.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromWorker {
    /// A piece is in the store now.
    Admitted { digest: Digest },
    /// The bytes of a piece were not what its digest says; they were dropped.
    Refused {
        attempt: AttemptId,
        digest: Digest,
        refusal: Refusal,
    },
    /// The worker has taken what there was of an attempt. What is missing now stays missing until somebody
    /// starts again.
    Finished { attempt: AttemptId, ending: Ending },
    /// Something of this model was stored or removed: read the store again.
    Changed { model: ModelId },
}

/// Why a piece was not admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The bytes do not have the digest they were asked for by.
    Mismatch,
    /// The record had no body, although the browser may have called it a success.
    Empty,
    /// The server answered with this status instead of 200.
    Status(u16),
    /// The browser lost or never had the bytes.
    Unavailable,
    /// The device has no room for it.
    NoRoom,
    /// The store could not be written.
    Storage,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch => write!(f, "the bytes do not match the digest"),
            Self::Empty => write!(f, "the browser delivered no bytes"),
            Self::Status(status) => write!(f, "the server answered {status}"),
            Self::Unavailable => write!(f, "the bytes are not available"),
            Self::NoRoom => write!(f, "there is no room left on the device"),
            Self::Storage => write!(f, "the store could not be written"),
        }
    }
}

/// How the browser says a background fetch ended. A hint only: what counts is what was admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All requests ended with a good status. The bytes may be missing all the same.
    Success,
    /// Somebody stopped it.
    Aborted,
    /// A request ended with a bad status.
    BadStatus,
    /// The network, or the browser's own exit.
    FetchError,
    /// No room.
    QuotaExceeded,
    /// More bytes than announced.
    DownloadTotalExceeded,
    /// The browser gives no reason.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Revision;

    #[test]
    fn a_message_survives_the_journey() {
        let attempt = AttemptId {
            model: "o/n".parse().unwrap(),
            revision: Revision::from_bytes([3; 20]),
            nonce: 5,
        };
        let digest = Digest::from_bytes([4; 32]);
        let message = FromWorker::Refused {
            attempt,
            digest,
            refusal: Refusal::Status(404),
        };
        let text = Envelope::seal(message.clone()).unwrap();
        assert_eq!(Envelope::open(&text), Some(message));
    }

    #[test]
    fn strangers_and_other_versions_are_not_understood() {
        let text = Envelope::seal(ToWorker::Sweep).unwrap();
        assert_eq!(Envelope::<ToWorker>::open(&text), Some(ToWorker::Sweep));
        let newer = text.replace("\"modelferry\":1", "\"modelferry\":2");
        assert_eq!(Envelope::<ToWorker>::open(&newer), None);
        assert_eq!(
            Envelope::<ToWorker>::open("{\"modelferry\":1,\"message\":\"dance\"}"),
            None
        );
        assert_eq!(Envelope::<ToWorker>::open("hello"), None);
    }
}
