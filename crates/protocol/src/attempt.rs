//! The id of one background fetch: model, revision and nonce.

use crate::text::text_form;
use crate::{ModelId, Revision};

/// Identifies one try to fetch what is missing of one revision. It is the id of the browser's
/// registration, so it must be unique a try: the browser refuses an id that is in use.
///
/// Text form: `modelferry@<revision>#<nonce>@<owner>/<name>`, the free-form part last.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AttemptId {
    /// The model that is fetched.
    pub model: ModelId,
    /// The revision that is fetched.
    pub revision: Revision,
    /// Tells tries apart; milliseconds since 1970 serve well.
    pub nonce: u64,
}

text_form! {
    AttemptId, "modelferry@": "" revision '#' nonce '@' ..model => { Self { model, revision, nonce } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextForm as _;

    #[test]
    fn text_round_trips_even_for_names_full_of_separators() {
        let id = AttemptId {
            model: "a@b#c/d@e#f".parse().unwrap(),
            revision: Revision::from_bytes([1; 20]),
            nonce: 1_795_000_000_000,
        };
        assert_eq!(AttemptId::from_text(&id.to_text()), Some(id));
    }

    #[test]
    fn foreign_ids_are_not_ours() {
        for text in ["", "podcast-7", "modelferry@", "modelferry@00#1@a/b", "modelferry@x"] {
            assert_eq!(AttemptId::from_text(text), None, "{text}");
        }
    }
}
