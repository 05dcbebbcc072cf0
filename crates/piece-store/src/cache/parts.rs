//! Parts in the Cache API.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use protocol::transfer::Part;
use protocol::{Digest, DigestSet, routes};
use wasm_bindgen::JsCast as _;
use web_sys::Response;

use super::{PARTS, bytes, delete, open, put_small, stored, urls, whatever_the_query};
use crate::connection::answer;
use crate::parts::{LONG, gather};
use crate::{Bytes as _, Parts, StoreError, WholeFile};

/// Keeps a part, by its route.
///
/// # Errors
/// When it cannot be written.
pub async fn put_part(route: &str, bytes: &Uint8Array) -> Result<(), StoreError> {
    // The type is a place for the ranges that every browser gives back as it was: a stored response does not
    // know its own URL.
    let ranges = route.split('?').next_back().unwrap_or_default();
    put_small(PARTS, route, &stored(bytes, &format!("{PART}{ranges}"))?).await
}

/// How the media types of parts begin.
const PART: &str = "modelferry/";

/// Parts in the Cache API: `/pieces/<sha256>?<ranges>`, so that one operation reads or removes all of a piece.
#[derive(Clone, Debug)]
pub struct CacheParts {
    /// Memory that parts on their way to the cache pass through.
    memory: Rc<RefCell<Option<Uint8Array>>>,
}

impl CacheParts {
    /// Opens the store of this origin.
    ///
    /// # Errors
    /// [`crate::StoreErrorKind::Unsupported`] where there is no Cache API, as in insecure contexts.
    pub async fn open() -> Result<Self, StoreError> {
        open(PARTS).await.map(|_| Self { memory: Rc::default() })
    }
}

impl Parts for CacheParts {
    type Bytes = Uint8Array;
    type KeepOpen = ();
    type File = WholeFile;

    async fn put(&self, part: &Part, piece: &Uint8Array) -> Result<(), StoreError> {
        let length = part.length();
        // A response that is made of memory of its own would keep that until garbage is collected. One part at a time has this
        // until it is stored: WebKit copies the bytes of a response only then.
        let memory = self.memory.take().filter(|memory| memory.length() >= length);
        let memory = memory.unwrap_or_else(|| Uint8Array::new_with_length(length.max(LONG)));
        let bytes = memory.subarray(0, length);
        gather(part, piece, &bytes)?;
        let put = put_part(&routes::part(part), &bytes).await;
        self.memory.replace(Some(memory));
        put
    }

    async fn read(&self, digest: &Digest, mut take: impl FnMut(u32, Uint8Array)) -> Result<(), StoreError> {
        let all = open(PARTS).await?;
        let all = all.match_all_with_str_and_options(&routes::piece(digest), &whatever_the_query());
        let all: Array = answer(all).await?.unchecked_into();
        for response in all.iter() {
            let response: Response = response.unchecked_into();
            let kind = response.headers().get("content-type")?;
            let body = bytes(&response).await?;
            let mut at = 0;
            let kind = kind.unwrap_or_default();
            // What another version has stored has none, and goes with the piece.
            for (first, end) in kind.rsplit('/').next().into_iter().flat_map(Part::ranges_of) {
                let behind = at + (end - first);
                if behind <= body.length() {
                    take(first, body.subarray(at, behind));
                }
                at = behind;
            }
        }
        Ok(())
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        let urls = urls(PARTS).await?;
        Ok(urls.iter().filter_map(|url| routes::parse_piece(url.split('?').next()?)).collect())
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        delete(PARTS, &routes::piece(digest)).await
    }

    fn keep_open(&self) {}

    async fn whole(&self, _rest: &Part, _piece: &mut Uint8Array) -> Option<WholeFile> {
        None
    }

    fn is_scattered(&self, _digest: &Digest) {}

    fn release_memory(&self) {
        if let Some(memory) = self.memory.take() {
            memory.release();
        }
    }
}
