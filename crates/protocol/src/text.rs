//! The plain-text forms in which page and worker keep manifests and intents and talk to each other.
//!
//! Lines and words instead of JSON, because a JSON parser would be a third of the service worker. What goes over
//! HTTP is JSON. No name may contain a control character (see [`crate::NameError`]), so lines are unambiguous;
//! in a line, the part that may contain spaces is the last one.

use std::fmt::Write as _;
use std::str::FromStr;

use crate::{AttemptId, BroadcastMessage, Ending, File, Intent, IntentState, Manifest, Refusal};

/// First line of a stored manifest. A reader that finds another one treats the manifest as absent.
const MANIFEST: &str = "modelferry manifest 1";

/// First word of every message, with the version of the vocabulary in `message.rs`.
const MESSAGE: &str = "modelferry-2";

impl Manifest {
    /// The stored form: a header of four lines, then for each file a line `<size> <sha256> <path>` and, indented
    /// by a space, one line a piece.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{MANIFEST}\n{}\n{}\n{}\n", self.model(), self.revision(), self.piece_size());
        for file in self.files() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} {} {}", file.size, file.sha256, file.path);
            for digest in &file.pieces {
                let _ = writeln!(text, " {digest}");
            }
        }
        text
    }

    /// Reads the stored form; `None` if it is of another version, damaged, or contradicts itself.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != MANIFEST {
            return None;
        }
        let model = lines.next()?.parse().ok()?;
        let revision = lines.next()?.parse().ok()?;
        let piece_size = lines.next()?.parse().ok()?;
        let mut files: Vec<File> = Vec::new();
        for line in lines {
            if let Some(digest) = line.strip_prefix(' ') {
                files.last_mut()?.pieces.push(digest.parse().ok()?);
            } else {
                let mut words = line.splitn(3, ' ');
                files.push(File {
                    size: parse(words.next())?,
                    sha256: parse(words.next())?,
                    path: parse(words.next())?,
                    pieces: Vec::new(),
                });
            }
        }
        Self::new(model, revision, piece_size, files).ok()
    }
}

impl Intent {
    /// The stored form: `<revision> <state> <nonce or ->`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let state = match self.state {
            IntentState::Active => "active",
            IntentState::Stopped => "stopped",
        };
        let nonce = self.nonce.map_or_else(|| "-".to_owned(), |nonce| nonce.to_string());
        format!("{} {state} {nonce}", self.revision)
    }

    /// Reads the stored form; `None` if it is of another version or damaged.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut words = text.splitn(3, ' ');
        let revision = parse(words.next())?;
        let state = match words.next()? {
            "active" => IntentState::Active,
            "stopped" => IntentState::Stopped,
            _ => return None,
        };
        let nonce = match words.next()? {
            "-" => None,
            nonce => Some(nonce.parse().ok()?),
        };
        Some(Self { revision, state, nonce })
    }
}

impl BroadcastMessage {
    /// The form in which it is posted: one line of words.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Admitted { digest } => format!("{MESSAGE} admitted {digest}"),
            Self::Refused { attempt, digest, refusal } => {
                let refusal = match refusal {
                    Refusal::Mismatch => "mismatch",
                    Refusal::Empty => "empty",
                    Refusal::Unavailable => "unavailable",
                    Refusal::NoRoom => "no-room",
                    Refusal::Storage => "storage",
                    Refusal::Status(status) => {
                        return format!("{MESSAGE} refused {digest} {status} {attempt}");
                    }
                };
                format!("{MESSAGE} refused {digest} {refusal} {attempt}")
            }
            Self::Finished { attempt, ending } => {
                let ending =
                    ENDINGS.iter().find(|(_, known)| known == ending).map_or("unknown", |(word, _)| word);
                format!("{MESSAGE} finished {ending} {attempt}")
            }
            Self::Progress { model, revision, in_flight } => {
                format!("{MESSAGE} progress {revision} {in_flight} {model}")
            }
            Self::Changed { model } => format!("{MESSAGE} changed {model}"),
        }
    }

    /// Reads a posted message; `None` if it is not ours, or of another version. The receiver then reads the
    /// store, which is the truth anyway.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (kind, rest) = text.strip_prefix(MESSAGE)?.strip_prefix(' ')?.split_once(' ')?;
        match kind {
            "admitted" => Some(Self::Admitted { digest: rest.parse().ok()? }),
            "refused" => {
                let mut words = rest.splitn(3, ' ');
                let digest = parse(words.next())?;
                let refusal = match words.next()? {
                    "mismatch" => Refusal::Mismatch,
                    "empty" => Refusal::Empty,
                    "unavailable" => Refusal::Unavailable,
                    "no-room" => Refusal::NoRoom,
                    "storage" => Refusal::Storage,
                    status => Refusal::Status(status.parse().ok()?),
                };
                Some(Self::Refused { attempt: parse(words.next())?, digest, refusal })
            }
            "finished" => {
                let (word, attempt) = rest.split_once(' ')?;
                let (_, ending) = ENDINGS.iter().find(|(known, _)| *known == word)?;
                let attempt: AttemptId = attempt.parse().ok()?;
                Some(Self::Finished { attempt, ending: *ending })
            }
            "progress" => {
                let mut words = rest.splitn(3, ' ');
                let revision = parse(words.next())?;
                let in_flight = parse(words.next())?;
                Some(Self::Progress { model: parse(words.next())?, revision, in_flight })
            }
            "changed" => Some(Self::Changed { model: rest.parse().ok()? }),
            _ => None,
        }
    }
}

const ENDINGS: [(&str, Ending); 7] = [
    ("success", Ending::Success),
    ("aborted", Ending::Aborted),
    ("bad-status", Ending::BadStatus),
    ("fetch-error", Ending::FetchError),
    ("quota-exceeded", Ending::QuotaExceeded),
    ("download-total-exceeded", Ending::DownloadTotalExceeded),
    ("unknown", Ending::Unknown),
];

fn parse<T: FromStr>(word: Option<&str>) -> Option<T> {
    word?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Digest, ModelId, Revision};

    fn digests() -> impl Strategy<Value = Digest> {
        any::<[u8; 32]>().prop_map(Digest::from_bytes)
    }

    fn models() -> impl Strategy<Value = ModelId> {
        ("[^/\\p{Cc}.]{1,20}", "[^/\\p{Cc}.]{1,20}")
            .prop_filter_map("reserved", |(owner, name)| ModelId::new(&owner, &name).ok())
    }

    fn attempts() -> impl Strategy<Value = AttemptId> {
        (models(), any::<[u8; 20]>(), any::<u64>()).prop_map(|(model, revision, nonce)| AttemptId {
            model,
            revision: Revision::from_bytes(revision),
            nonce,
        })
    }

    fn messages() -> impl Strategy<Value = BroadcastMessage> {
        let refusals = prop_oneof![
            Just(Refusal::Mismatch),
            Just(Refusal::Empty),
            Just(Refusal::Unavailable),
            Just(Refusal::NoRoom),
            Just(Refusal::Storage),
            any::<u16>().prop_map(Refusal::Status),
        ];
        let endings = prop::sample::select(ENDINGS.map(|(_, ending)| ending).to_vec());
        prop_oneof![
            digests().prop_map(|digest| BroadcastMessage::Admitted { digest }),
            (attempts(), digests(), refusals).prop_map(|(attempt, digest, refusal)| {
                BroadcastMessage::Refused { attempt, digest, refusal }
            }),
            (attempts(), endings)
                .prop_map(|(attempt, ending)| BroadcastMessage::Finished { attempt, ending }),
            (models(), any::<[u8; 20]>(), any::<u64>()).prop_map(|(model, revision, in_flight)| {
                BroadcastMessage::Progress { model, revision: Revision::from_bytes(revision), in_flight }
            }),
            models().prop_map(|model| BroadcastMessage::Changed { model }),
        ]
    }

    fn manifests() -> impl Strategy<Value = Manifest> {
        let files = prop::collection::vec(("[^/\\p{Cc}.]{1,12}(/[^/\\p{Cc}.]{1,12})?", 0_u64..50), 0..6);
        (models(), any::<[u8; 20]>(), 1_u64..20, files).prop_filter_map(
            "twice",
            |(model, revision, piece_size, files)| {
                let file = |(i, (path, size)): (usize, (String, u64))| File {
                    path: path.parse().unwrap(),
                    size,
                    sha256: Digest::from_bytes([i as u8; 32]),
                    pieces: (0..size.div_ceil(piece_size))
                        .map(|n| Digest::from_bytes([i as u8 * 50 + n as u8; 32]))
                        .collect(),
                };
                let mut files: Vec<File> = files.into_iter().enumerate().map(file).collect();
                files.sort_by(|a, b| a.path.cmp(&b.path));
                Manifest::new(model, Revision::from_bytes(revision), piece_size, files).ok()
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(manifest in manifests(), message in messages(), nonce in any::<Option<u64>>(), active in any::<bool>()) {
            prop_assert_eq!(BroadcastMessage::from_text(&message.to_text()), Some(message));
            let state = if active { IntentState::Active } else { IntentState::Stopped };
            let intent = Intent { revision: manifest.revision(), state, nonce };
            prop_assert_eq!(Intent::from_text(&intent.to_text()), Some(intent));
            prop_assert_eq!(Manifest::from_text(&manifest.to_text()), Some(manifest));
        }

        #[test]
        fn nothing_that_is_read_panics(text in "\\PC*", manifest in manifests(), at in any::<prop::sample::Index>(), other in any::<char>()) {
            let _ = BroadcastMessage::from_text(&text);
            let _ = BroadcastMessage::from_text(&format!("{MESSAGE} {text}"));
            let _ = Intent::from_text(&text);
            let _ = Manifest::from_text(&text);
            // A manifest with one character replaced is read as a consistent one or not at all.
            let mut chars: Vec<char> = manifest.to_text().chars().collect();
            let at = at.index(chars.len());
            chars[at] = other;
            let _ = Manifest::from_text(&chars.into_iter().collect::<String>());
        }
    }

    #[test]
    fn strangers_and_other_versions_are_not_understood() {
        let text = BroadcastMessage::Changed { model: "a/b".parse().unwrap() }.to_text();
        assert_eq!(text, "modelferry-2 changed a/b");
        for other in ["modelferry-1 changed a/b", "modelferry-2 dance a/b", "modelferry-2", "hello", ""] {
            assert_eq!(BroadcastMessage::from_text(other), None);
        }
        assert_eq!(Manifest::from_text("{\"model\":\"a/b\"}"), None);
        assert_eq!(Intent::from_text("0000000000000000000000000000000000000000 asleep -"), None);
    }
}
