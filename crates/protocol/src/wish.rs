//! What the person wants on this device, stored before the first byte is fetched, so that a page that
//! comes later knows whether to go on.

use crate::{Revision, text_form};

/// The wish to have one revision of a model on the device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wish {
    /// The wanted revision.
    pub revision: Revision,
    /// Whether to go on without being asked.
    pub state: WishState,
    /// [`crate::AttemptId::nonce`] of the background fetch that works on it. When the browser reports an
    /// abort of exactly this one, the person stopped it in the browser's own interface; any other abort is
    /// ours and says nothing about the wish.
    pub nonce: Option<u64>,
}

/// Whether a wish is being worked on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WishState {
    /// Go on whenever a page is opened.
    Active,
    /// The person stopped it: wait for a click.
    Stopped,
}

text_form! { Wish, "": "" revision ' ' state ' ' ..nonce => { Self { revision, state, nonce } } }

text_form! { WishState, "": "active" => { Self::Active } "stopped" => { Self::Stopped } }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextForm as _;

    #[test]
    fn the_stored_form_is_what_earlier_versions_stored() {
        let revision = Revision::from_bytes([0; 20]);
        for (state, nonce, text) in [
            (WishState::Active, None, "0000000000000000000000000000000000000000 active -"),
            (WishState::Stopped, Some(7), "0000000000000000000000000000000000000000 stopped 7"),
        ] {
            let wish = Wish { revision, state, nonce };
            assert_eq!((wish.to_text().as_str(), Wish::from_text(text)), (text, Some(wish)));
        }
        assert_eq!(Wish::from_text("0000000000000000000000000000000000000000 asleep -"), None);
    }
}
