//! What the browser shows of a fetch, and how many bytes it is told to expect.

use js_sys::Array;

use crate::glue::Dictionary;
use crate::number;

/// How the browser presents a new fetch, and what it may expect.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Options {
    ui: UiUpdate,
    download_total: Option<u64>,
}

impl Options {
    /// No title, no icons, no announced size.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The title in the browser's own interface.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.ui = self.ui.title(title);
        self
    }

    /// One more icon to choose from.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.ui = self.ui.icon(icon);
        self
    }

    /// The sum of all bodies in bytes, after content decoding. Zero means "unknown". With a sum that is too
    /// small the fetch fails; more than 2^53 - 1 counts as that.
    #[must_use]
    pub fn download_total(mut self, bytes: u64) -> Self {
        self.download_total = Some(bytes);
        self
    }

    pub(crate) fn to_js(&self) -> Dictionary {
        let dictionary = self.ui.to_js();
        if let Some(bytes) = self.download_total {
            dictionary.set_download_total(number::from_count(bytes));
        }
        dictionary
    }
}

/// What the browser shall show from now on; what is not set stays as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UiUpdate {
    title: Option<String>,
    icons: Vec<Icon>,
}

impl UiUpdate {
    /// Changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The title in the browser's own interface.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// One more icon to choose from.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    pub(crate) fn to_js(&self) -> Dictionary {
        let dictionary = Dictionary::new();
        if let Some(title) = &self.title {
            dictionary.set_title(title);
        }
        if !self.icons.is_empty() {
            let icons: Array = self.icons.iter().map(Icon::to_js).collect();
            dictionary.set_icons(&icons);
        }
        dictionary
    }
}

/// An image, as the `ImageResource` of the Web App Manifest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Icon {
    src: String,
    sizes: Option<String>,
    media_type: Option<String>,
    label: Option<String>,
}

impl Icon {
    /// The image at a URL, relative to the page or the worker's script. One that cannot be loaded is left
    /// out.
    #[must_use]
    pub fn new(src: impl Into<String>) -> Self {
        Self { src: src.into(), sizes: None, media_type: None, label: None }
    }

    /// Its sizes, such as `"192x192 512x512"` or `"any"`.
    #[must_use]
    pub fn sizes(mut self, sizes: impl Into<String>) -> Self {
        self.sizes = Some(sizes.into());
        self
    }

    /// Its media type, such as `"image/png"`.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Its accessible name.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    fn to_js(&self) -> Dictionary {
        let dictionary = Dictionary::new();
        dictionary.set_src(&self.src);
        if let Some(sizes) = &self.sizes {
            dictionary.set_sizes(sizes);
        }
        if let Some(media_type) = &self.media_type {
            dictionary.set_type(media_type);
        }
        if let Some(label) = &self.label {
            dictionary.set_label(label);
        }
        dictionary
    }
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use js_sys::JSON;
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    use super::*;

    wasm_bindgen_test_configure!(run_in_browser);

    fn json(dictionary: &Dictionary) -> Option<String> {
        JSON::stringify(dictionary).ok().and_then(|text| text.as_string())
    }

    #[wasm_bindgen_test]
    fn the_members_have_the_names_of_the_specification() {
        let icon = Icon::new("/i.png").sizes("1x1").media_type("image/png").label("I");
        let options = Options::new().title("T").icon(icon).icon(Icon::new("/j.png")).download_total(7);
        let expected = concat!(
            r#"{"title":"T","icons":["#,
            r#"{"src":"/i.png","sizes":"1x1","type":"image/png","label":"I"},{"src":"/j.png"}"#,
            r#"],"downloadTotal":7}"#
        );
        assert_eq!(json(&options.to_js()).as_deref(), Some(expected));
    }

    #[wasm_bindgen_test]
    fn what_is_not_set_is_not_there() {
        assert_eq!(json(&Options::new().to_js()).as_deref(), Some("{}"));
        assert_eq!(json(&UiUpdate::new().to_js()).as_deref(), Some("{}"));
    }
}
