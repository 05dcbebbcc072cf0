//! What the user wants on this device. It is stored before the first byte is fetched, so that a later page
//! knows whether to continue.

use crate::Revision;
use crate::text::text_form;

/// The decision of the user to have one revision of a model on the device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Intent {
    /// The wanted revision.
    pub revision: Revision,
    /// Whether the download continues without a click.
    pub state: IntentState,
    /// [`crate::AttemptId::nonce`] of the background fetch that works on it. If the browser reports an abort
    /// while there is one, the user stopped the fetch in the browser's own list: before a page aborts a fetch,
    /// it stores an intent without a nonce.
    pub nonce: Option<u64>,
}

/// Whether an intent is being worked on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IntentState {
    /// Go on whenever a page is opened.
    Active,
    /// The user stopped it: wait for a click.
    Stopped,
}

text_form! { Intent, "": "" revision ' ' state ' ' ..nonce => { Self { revision, state, nonce } } }

text_form! { IntentState, "": "active" => { Self::Active } "stopped" => { Self::Stopped } }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextForm as _;

    #[test]
    fn the_stored_form_is_what_earlier_versions_stored() {
        let revision = Revision::from_bytes([0; 20]);
        for (state, nonce, text) in [
            (IntentState::Active, None, "0000000000000000000000000000000000000000 active -"),
            (IntentState::Stopped, Some(7), "0000000000000000000000000000000000000000 stopped 7"),
        ] {
            let intent = Intent { revision, state, nonce };
            assert_eq!((intent.to_text().as_str(), Intent::from_text(text)), (text, Some(intent)));
        }
        assert_eq!(Intent::from_text("0000000000000000000000000000000000000000 asleep -"), None);
    }
}
