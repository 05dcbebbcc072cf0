//! A file that the server embeds, and the source code that embeds it.

use std::fs;
use std::path::Path;

use brotli::enc::BrotliEncoderParams;
use sha2::{Digest as _, Sha256};

use crate::Result;
use crate::artefact::is_release;

/// A file with the URL at which the server has it.
pub(super) struct File<'a> {
    pub path: String,
    pub media_type: &'a str,
    /// Whether what is at this URL never changes.
    pub immutable: bool,
    pub bytes: &'a [u8],
}

impl File<'_> {
    /// Puts it into this folder and returns an element of a list of `File` in `src/routes/packed.rs`.
    pub(super) fn embed(&self, folder: &Path) -> Result<String> {
        let Self { path, media_type, immutable, bytes } = self;
        let name = path.trim_start_matches('/').replace('/', "_");
        let plain = folder.join(&name);
        fs::write(&plain, bytes)?;
        // Pictures in PNG are compressed already.
        let brotli = if *media_type == "image/png" {
            "None".to_owned()
        } else {
            let packed = folder.join(format!("{name}.br"));
            fs::write(&packed, compressed(bytes)?)?;
            format!("Some(include_bytes!({packed:?}))")
        };
        Ok(format!(
            "File {{ path: {path:?}, media_type: {media_type:?}, immutable: {immutable}, \
             plain: include_bytes!({plain:?}), brotli: {brotli} }},\n"
        ))
    }
}

/// Enough to tell builds apart.
pub(super) fn short_digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Once, with all the effort that there is, instead of for every request with little. A debug build is not worth the
/// time.
fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    let quality = if is_release() { 11 } else { 1 };
    let parameters = BrotliEncoderParams { quality, lgwin: 22, size_hint: bytes.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &parameters)?;
    Ok(packed)
}
