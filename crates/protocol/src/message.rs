//! Messages between pages, and between pages and the worker.
//!
//! A page and a worker of different versions can meet, because a tab may stay open during an update. Every
//! message therefore carries the version of this vocabulary. A receiver that does not understand a message
//! reads the store instead, which is always right.

use crate::text::text_form;
use crate::{AttemptId, Digest, ModelId, Revision};

/// The broadcast channel for these messages.
pub const CHANNEL: &str = "modelferry";

/// A message to all pages, from the worker or another page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BroadcastMessage {
    /// A piece is in the store now.
    Admitted { digest: Digest },
    /// The bytes of a piece were not what its digest says; they were dropped.
    Refused { attempt: AttemptId, digest: Digest, refusal: Refusal },
    /// The worker has stored the records of an attempt. What is missing now stays missing until a page
    /// starts again.
    Finished { attempt: AttemptId, ending: Ending },
    /// The page that works on this revision has this many bytes of pieces that are not kept yet.
    Progress { model: ModelId, revision: Revision, in_flight: u64 },
    /// Something of this model was stored or removed: read the store again.
    Changed { model: ModelId },
}

/// Why a piece was not admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The bytes do not have the digest they were asked for by.
    #[error("the bytes do not match the digest")]
    Mismatch,
    /// The record had no body, although the browser may have called it a success.
    #[error("the browser delivered no bytes")]
    Empty,
    /// The server answered with this status instead of 200.
    #[error("the server answered {0}")]
    Status(u16),
    /// The browser lost or never had the bytes.
    #[error("the bytes are not available")]
    Unavailable,
    /// The device has no room for it.
    #[error("there is no room left on the device")]
    NoRoom,
    /// The store could not be written.
    #[error("the store could not be written")]
    Storage,
}

/// How the browser says a background fetch ended. A hint only: what counts is what was admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// All requests ended with a good status. The bytes may be missing all the same.
    Success,
    /// The user or a page stopped it.
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

// The first word carries the version of this vocabulary.
text_form! { BroadcastMessage, "modelferry-2 ":
    "admitted " ..digest => { Self::Admitted { digest } }
    "refused " digest ' ' refusal ' ' ..attempt => { Self::Refused { attempt, digest, refusal } }
    "finished " ending ' ' ..attempt => { Self::Finished { attempt, ending } }
    "progress " revision ' ' in_flight ' ' ..model => { Self::Progress { model, revision, in_flight } }
    "changed " ..model => { Self::Changed { model } }
}

text_form! { Refusal, "":
    "mismatch" => { Self::Mismatch }
    "empty" => { Self::Empty }
    "unavailable" => { Self::Unavailable }
    "no-room" => { Self::NoRoom }
    "storage" => { Self::Storage }
    "" ..status => { Self::Status(status) }
}

text_form! { Ending, "":
    "success" => { Self::Success }
    "aborted" => { Self::Aborted }
    "bad-status" => { Self::BadStatus }
    "fetch-error" => { Self::FetchError }
    "quota-exceeded" => { Self::QuotaExceeded }
    "download-total-exceeded" => { Self::DownloadTotalExceeded }
    "unknown" => { Self::Unknown }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::TextForm as _;

    #[test]
    fn every_message_has_a_form_of_its_own() {
        let model: ModelId = "a @b/c# d".parse().unwrap();
        let (digest, revision) = (Digest::from_bytes([1; 32]), Revision::from_bytes([2; 20]));
        let attempt = AttemptId { model: model.clone(), revision, nonce: 7 };
        let id = attempt.to_text();
        let refused = |refusal| BroadcastMessage::Refused { attempt: attempt.clone(), digest, refusal };
        let finished = |ending| BroadcastMessage::Finished { attempt: attempt.clone(), ending };
        let messages = [
            (BroadcastMessage::Admitted { digest }, format!("admitted {digest}")),
            (refused(Refusal::Mismatch), format!("refused {digest} mismatch {id}")),
            (refused(Refusal::Empty), format!("refused {digest} empty {id}")),
            (refused(Refusal::Unavailable), format!("refused {digest} unavailable {id}")),
            (refused(Refusal::NoRoom), format!("refused {digest} no-room {id}")),
            (refused(Refusal::Storage), format!("refused {digest} storage {id}")),
            (refused(Refusal::Status(404)), format!("refused {digest} 404 {id}")),
            (finished(Ending::Success), format!("finished success {id}")),
            (finished(Ending::Aborted), format!("finished aborted {id}")),
            (finished(Ending::BadStatus), format!("finished bad-status {id}")),
            (finished(Ending::FetchError), format!("finished fetch-error {id}")),
            (finished(Ending::QuotaExceeded), format!("finished quota-exceeded {id}")),
            (finished(Ending::DownloadTotalExceeded), format!("finished download-total-exceeded {id}")),
            (finished(Ending::Unknown), format!("finished unknown {id}")),
            (
                BroadcastMessage::Progress { model: model.clone(), revision, in_flight: 9 },
                format!("progress {revision} 9 a @b/c# d"),
            ),
            (BroadcastMessage::Changed { model }, "changed a @b/c# d".to_owned()),
        ];
        for (message, text) in messages {
            let text = format!("modelferry-2 {text}");
            assert_eq!(message.to_text(), text);
            assert_eq!(BroadcastMessage::from_text(&text), Some(message));
        }
    }

    #[test]
    fn strangers_and_other_versions_are_not_understood() {
        for other in ["modelferry-1 changed a/b", "modelferry-2 dance a/b", "modelferry-2", "hello", ""] {
            assert_eq!(BroadcastMessage::from_text(other), None);
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_read_panics(kind in "(admitted |refused |finished |progress )?", text in "\\PC*") {
            let _ = BroadcastMessage::from_text(&format!("modelferry-2 {kind}{text}"));
        }
    }
}
