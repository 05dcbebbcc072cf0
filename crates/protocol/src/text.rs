//! The text forms in which values are stored and posted: lines of words. Each type defines its own.
//!
//! They are not JSON, because a JSON parser would be a third of the service worker. HTTP answers use JSON.
//! No name contains a control character (see [`crate::NameError`]), so lines are unambiguous. The field
//! that may contain spaces is the last one of its line.

use std::fmt::Write as _;

use crate::{Digest, FilePath, ModelId, Revision};

/// A value that has a text form.
pub trait TextForm: Sized {
    /// Appends the text form.
    fn write_text(&self, text: &mut String);

    /// Reads the text form; `None` if it is of another version, damaged, or of something else.
    #[must_use]
    fn from_text(text: &str) -> Option<Self>;

    /// The text form.
    #[must_use]
    fn to_text(&self) -> String {
        let mut text = String::new();
        self.write_text(&mut text);
        text
    }
}

/// Implements [`TextForm`] for a type in both directions: after `start`, one form for each variant. A form is a prefix,
/// the fields that end at a separator, and the field that takes the rest. The first form whose prefix fits is read.
#[macro_export]
macro_rules! text_form {
    (@read $text:ident $prefix:literal => $($value:tt)*) => {
        if $text == $prefix {
            return Some($($value)*);
        }
    };
    (@read $text:ident $prefix:literal $($field:ident $separator:literal)* ..$last:ident => $($value:tt)*) => {
        if let Some(rest) = $text.strip_prefix($prefix) {
            $(
                let (field, rest) = rest.split_once($separator)?;
                let $field = $crate::TextForm::from_text(field)?;
            )*
            let $last = $crate::TextForm::from_text(rest)?;
            return Some($($value)*);
        }
    };
    ($type:ty, $start:literal: $(
        $prefix:literal $($field:ident $separator:literal)* $(..$last:ident)? => { $($value:tt)* }
    )*) => {
        impl $crate::TextForm for $type {
            fn write_text(&self, text: &mut String) {
                text.push_str($start);
                match self {
                    $($($value)* => {
                        text.push_str($prefix);
                        $($crate::TextForm::write_text($field, text); text.push($separator);)*
                        $($crate::TextForm::write_text($last, text);)?
                    })*
                }
            }

            fn from_text(text: &str) -> Option<Self> {
                let text = text.strip_prefix($start)?;
                $($crate::text_form!(@read text $prefix $($field $separator)* $(..$last)? => $($value)*);)*
                None
            }
        }
    };
}

pub(crate) use text_form;

macro_rules! by_display {
    ($($type:ty)*) => {$(
        impl TextForm for $type {
            fn write_text(&self, text: &mut String) {
                // Writing to a String cannot fail.
                let _ = write!(text, "{self}");
            }

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

by_display! { u16 u32 u64 String Digest Revision ModelId FilePath }

/// `-` if there is none.
impl<T: TextForm> TextForm for Option<T> {
    fn write_text(&self, text: &mut String) {
        match self {
            Some(value) => value.write_text(text),
            None => text.push('-'),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        if text == "-" { Some(None) } else { T::from_text(text).map(Some) }
    }
}

/// One line each.
impl<T: TextForm> TextForm for Vec<T> {
    fn write_text(&self, text: &mut String) {
        for (n, value) in self.iter().enumerate() {
            if n > 0 {
                text.push('\n');
            }
            value.write_text(text);
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        text.lines().map(T::from_text).collect()
    }
}
