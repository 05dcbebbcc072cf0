//! `/modelferry.js`, with which other pages control downloads, its types, and the files that it loads. Only
//! pages of this origin may use it, because stored models belong to an origin.

use axum::Router;
use protocol::routes::{MODULE, MODULE_TYPES};

use super::packed::{File, Packed, Parts, script};

/// Made by `build` from the folder `module`.
static MADE: Packed = include!(concat!(env!("OUT_DIR"), "/module.rs"));

const TYPES: &[u8] = include_bytes!("../../../module/modelferry.d.ts");

/// What the module is made of.
pub(super) fn parts() -> Parts {
    MADE.parts(MODULE)
}

/// The routes of the module. Not readable from other origins, unlike models.
pub(crate) fn module() -> Router {
    MADE.router(MODULE).merge(script(MODULE_TYPES, "application/typescript; charset=utf-8", TYPES))
}
