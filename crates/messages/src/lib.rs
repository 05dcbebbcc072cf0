//! Texts that pages show to users, and the format of numbers. More languages need only one place. The
//! server's answers, its log and the module's errors have texts of their own.
//!
//! This crate decides nothing: it describes the values of `protocol`.

mod download;
pub mod inspection;
mod number;
pub mod search;

pub use download::{
    background_title, background_title_at_end, button, explanation, headline, live, mark, quota, reach,
    throughput,
};
pub use number::{bytes, count, duration, grouped, percent, permille, rough};

/// The product.
pub const NAME: &str = "Modelferry";
/// The language of this table, as a BCP 47 tag.
pub const LANGUAGE: &str = "en";

/// Text of the catalogue.
pub mod catalogue {
    /// Heading, also the page's title.
    pub const TITLE: &str = "Models";
    /// What this is for, in one sentence.
    pub const LEAD: &str = "Download a model once. It is checked piece by piece, stays on this device, \
        and a download that is interrupted goes on where it stopped.";
    /// There is nothing.
    pub const EMPTY: &str =
        "There are no models here yet. Put a folder owner/name with a model's files below the models folder.";
    /// Heading of the models that are being indexed.
    pub const PENDING: &str = "Being prepared by the server";
    /// Said of a model that is not on this device while the server cannot be reached.
    pub const ELSEWHERE: &str = "Not on this device; to get it needs the network.";
    /// Heading of what cannot be served.
    pub const PROBLEMS: &str = "Cannot be offered";
}

/// Text of a model's page.
pub mod model {
    /// Label of the total size.
    pub const SIZE: &str = "Size";
    /// Label of the licence.
    pub const LICENCE: &str = "Licence";
    /// Said where the model names none.
    pub const NO_LICENCE: &str = "not stated";
    /// Label of what the model is for.
    pub const TASK: &str = "Made for";
    /// Label of the revision.
    pub const REVISION: &str = "Revision";
    /// Label of the date of the last change.
    pub const CHANGED: &str = "Last changed";
    /// Heading of the list of files.
    pub const FILES: &str = "Files";
    /// Column: the file's path.
    pub const FILE: &str = "File";
    /// Column: the file's digest.
    pub const DIGEST: &str = "SHA-256";
    /// What the pictures show that a browser may show before it installs the application.
    pub const SCREENSHOT: &str = "A model that is on this device, complete and checked";
    /// Link back.
    pub const BACK: &str = "All models";
}

/// Text of the part that downloads.
pub mod panel {
    /// Its heading for those who hear the page.
    pub const HEADING: &str = "On this device";
    /// Name of the progress bar.
    pub const PROGRESS: &str = "Download progress";
    /// Without JavaScript.
    pub const NO_SCRIPT: &str =
        "Keeping a model on this device needs JavaScript. The files below can be saved one by one.";
    /// Heading of the settings.
    pub const SETTINGS: &str = "Settings";
    /// The question of the first setting.
    pub const ENGINE: &str = "How to download";
    /// Its answers: whichever fits.
    pub const ENGINE_AUTOMATIC: &str = "Automatically";
    /// The browser.
    pub const ENGINE_BACKGROUND: &str = "By the browser, in the background";
    /// The page.
    pub const ENGINE_PAGE: &str = "In this page";
    /// What the answers mean.
    pub const ENGINE_NOTE: &str = "In the background, where the browser can do that, the tab may be closed; it \
        takes up to three times the model’s size on disk. In this page it takes the size once, and the tab must \
        stay open. The choice counts from the next start. In a private window everything is removed with the \
        window.";
    /// What the group of buttons is called to those who do not see it.
    pub const ACTIONS: &str = "Download on this device";
    /// Asked before a model is deleted.
    pub const CONFIRM_DELETE: &str = "Delete this model from this device?";
    /// Yes.
    pub const YES_DELETE: &str = "Yes, delete";
    /// No.
    pub const NO_KEEP: &str = "No, keep it";
}

/// Text of the page for unknown addresses.
pub mod not_found {
    /// Title.
    pub const TITLE: &str = "There is nothing here";
    /// What to do.
    pub const LEAD: &str = "This address names no model that the server has.";
}

/// Text of the page that is shown in the place of one that cannot be had.
pub mod offline {
    /// Title.
    pub const TITLE: &str = "This page needs the network";
    /// Why. That the server cannot be reached, and what is possible, is in the notice above.
    pub const LEAD: &str = "It is not kept on this device.";
    /// Link to the same address.
    pub const AGAIN: &str = "Try again";
}

/// Text that any page may have to say above its own.
pub mod notices {
    /// The server cannot be reached.
    pub const OFFLINE: &str = "You are offline, or the server is. The models that are on this device work; \
        a download goes on when the server can be reached again.";
    /// The server has another build of the pages.
    pub const RENEWED: &str = "There is a new version of this page.";
    /// Link that loads it.
    pub const RELOAD: &str = "Reload";
}

/// A model's name and owner in a title.
#[must_use]
pub fn title(page: &str) -> String {
    format!("{page} – {NAME}")
}
