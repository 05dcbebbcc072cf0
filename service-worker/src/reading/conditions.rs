//! The header fields of a request on which the answer depends.

use conditional_request::{Field, Fields};
use wasm_bindgen::JsValue;
use web_sys::Headers;

/// Their values, in the order of [`Field::ALL`]. Browsers hand out all lines of a field as one.
pub(super) struct Conditions([Option<String>; Field::ALL.len()]);

impl Conditions {
    pub(super) fn of(headers: &Headers) -> Result<Self, JsValue> {
        let mut values = [const { None }; Field::ALL.len()];
        for (value, field) in values.iter_mut().zip(Field::ALL) {
            *value = headers.get(field.name())?;
        }
        Ok(Self(values))
    }
}

impl Fields for Conditions {
    fn lines(&self, field: Field) -> impl Iterator<Item = &[u8]> {
        let values = Field::ALL.iter().zip(&self.0).filter(move |(known, _)| **known == field);
        values.filter_map(|(_, value)| Some(value.as_deref()?.trim().as_bytes()))
    }
}
