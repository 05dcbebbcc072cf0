//! Loads a page again whose caches do not answer any more, and goes on there with what the person asked for.

use piece_store::is_silent;
use protocol::ModelId;
use web_sys::Storage;

use crate::browser::{log, window};

const KEY: &str = "modelferry-download";

/// Where the caches do not answer this page, loads it again. The next one begins to download this model. Says whether it does.
pub(crate) fn load_again(model: &ModelId) -> bool {
    if !is_silent() {
        return false;
    }
    // Without this it takes one more click.
    if let Some(storage) = storage()
        && let Err(error) = storage.set_item(KEY, &model.to_string())
    {
        log("the click could not be remembered", &error);
    }
    match window().location().reload() {
        Ok(()) => true,
        Err(error) => {
            log("the page could not be loaded again", &error);
            false
        }
    }
}

/// Whether this page was loaded again to download this model. Says so once.
pub(crate) fn was_for(model: &ModelId) -> bool {
    let Some(storage) = storage() else { return false };
    let asked = storage.get_item(KEY).ok().flatten();
    let is_it = asked.is_some_and(|asked| asked == model.to_string());
    // Removing does not throw where reading does not.
    is_it && storage.remove_item(KEY).is_ok()
}

/// That of this tab. It can be forbidden.
fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}
