//! The stores over the Cache API, in a window or in a worker.
//!
//! The Cache API fits: entries are whole or absent, pages and workers of an origin share it, bodies stay on
//! disk, and a service worker can answer requests with its entries as they are.

use std::fmt;

use js_sys::{Array, Reflect, Uint8Array};
use protocol::{Digest, DigestSet, Refusal, routes};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, CacheStorage, Headers, Request, Response, ResponseInit, SubtleCrypto};

use crate::{AdmitError, Documents, Pieces, StoreError, StoreErrorKind};

const PREFIX: &str = "modelferry-";
const PIECES: &str = "modelferry-pieces-1";
const DOCUMENTS: &str = "modelferry-manifests-1";

fn global(name: &str) -> Result<JsValue, StoreError> {
    let missing = || StoreError::new(StoreErrorKind::Unsupported, format!("there is no `{name}`"));
    match Reflect::get(&js_sys::global(), &JsValue::from_str(name)) {
        Ok(value) if value.is_undefined() || value.is_null() => Err(missing()),
        Ok(value) => Ok(value),
        Err(error) => Err(StoreError { kind: StoreErrorKind::Unsupported, ..StoreError::from(error) }),
    }
}

fn caches() -> Result<CacheStorage, StoreError> {
    Ok(global("caches")?.unchecked_into())
}

async fn open(name: &str) -> Result<Cache, StoreError> {
    Ok(JsFuture::from(caches()?.open(name)).await?.unchecked_into())
}

/// SHA-256 by the browser's own code.
///
/// # Errors
/// When the context has no Web Crypto (it needs a secure one).
pub async fn sha256(bytes: &Uint8Array) -> Result<Digest, StoreError> {
    let crypto: web_sys::Crypto = global("crypto")?.unchecked_into();
    let subtle: SubtleCrypto = crypto.subtle();
    if subtle.is_undefined() {
        return Err(StoreError::new(StoreErrorKind::Unsupported, "there is no `crypto.subtle`"));
    }
    let hash = JsFuture::from(subtle.digest_with_str_and_buffer_source("SHA-256", bytes)?).await?;
    let mut digest = [0; 32];
    Uint8Array::new(&hash).copy_to(&mut digest);
    Ok(Digest::from_bytes(digest))
}

/// Removes the caches of other layouts of this store, older or newer.
///
/// # Errors
/// When the caches cannot be listed or deleted.
pub async fn remove_other_layouts() -> Result<(), StoreError> {
    let caches = caches()?;
    let names: Array = JsFuture::from(caches.keys()).await?.unchecked_into();
    for name in names.iter().filter_map(|name| name.as_string()) {
        if name.starts_with(PREFIX) && name != PIECES && name != DOCUMENTS {
            JsFuture::from(caches.delete(&name)).await?;
        }
    }
    Ok(())
}

/// A response made anew: it carries exactly these headers, and shares no stream with the one that came.
fn stored(bytes: &Uint8Array, content_type: &str) -> Result<Response, StoreError> {
    let headers = Headers::new()?;
    headers.set("content-type", content_type)?;
    headers.set("content-length", &bytes.length().to_string())?;
    let init = ResponseInit::new();
    init.set_headers(&headers);
    Ok(Response::new_with_opt_js_u8_array_and_init(Some(bytes), &init)?)
}

async fn found(cache: &Cache, key: &str) -> Result<Option<Response>, StoreError> {
    let value = JsFuture::from(cache.match_with_str(key)).await?;
    Ok((!value.is_undefined()).then(|| value.unchecked_into()))
}

async fn urls(cache: &Cache) -> Result<Vec<String>, StoreError> {
    let requests: Array = JsFuture::from(cache.keys()).await?.unchecked_into();
    Ok(requests.iter().map(|request| request.unchecked_into::<Request>().url()).collect())
}

async fn delete(cache: &Cache, key: &str) -> Result<bool, StoreError> {
    Ok(JsFuture::from(cache.delete_with_str(key)).await?.is_truthy())
}

/// Pieces in the Cache API.
#[derive(Clone)]
pub struct CachePieces(Cache);

impl fmt::Debug for CachePieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CachePieces")
    }
}

impl CachePieces {
    /// Opens the store of this origin.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unsupported`] where there is no Cache API, as in insecure contexts.
    pub async fn open() -> Result<Self, StoreError> {
        open(PIECES).await.map(Self)
    }

    /// The stored response of a piece, its body still on disk.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn response(&self, digest: &Digest) -> Result<Option<Response>, StoreError> {
        found(&self.0, &routes::piece(digest)).await
    }
}

impl CachePieces {
    /// Takes a piece out of the answer to a request for it. Neither the status nor the headers are believed:
    /// a "success" of the browser's may carry no bytes at all.
    ///
    /// # Errors
    /// Why the piece was not admitted.
    pub async fn admit_response(&self, digest: &Digest, response: &Response) -> Result<(), Refusal> {
        match response.status() {
            200 => {}
            0 => return Err(Refusal::Unavailable),
            status => return Err(Refusal::Status(status)),
        }
        let body = response.array_buffer().map_err(unavailable)?;
        let bytes = Uint8Array::new(&JsFuture::from(body).await.map_err(unavailable)?);
        if bytes.length() == 0 {
            return Err(Refusal::Empty);
        }
        self.admit(digest, bytes).await.map_err(|error| match error {
            AdmitError::Mismatch { .. } => Refusal::Mismatch,
            AdmitError::Store(StoreError { kind: StoreErrorKind::NoRoom, .. }) => Refusal::NoRoom,
            AdmitError::Store(_) => Refusal::Storage,
        })
    }
}

fn unavailable(_error: JsValue) -> Refusal {
    Refusal::Unavailable
}

impl Pieces for CachePieces {
    type Bytes = Uint8Array;

    async fn admit(&self, digest: &Digest, bytes: Uint8Array) -> Result<(), AdmitError> {
        let found = sha256(&bytes).await?;
        if found != *digest {
            return Err(AdmitError::Mismatch { expected: *digest, found });
        }
        let response = stored(&bytes, "application/octet-stream")?;
        let put = self.0.put_with_str(&routes::piece(digest), &response);
        JsFuture::from(put).await.map_err(StoreError::from)?;
        Ok(())
    }

    async fn get(&self, digest: &Digest) -> Result<Option<Uint8Array>, StoreError> {
        let Some(response) = self.response(digest).await? else {
            return Ok(None);
        };
        let buffer = JsFuture::from(response.array_buffer()?).await?;
        Ok(Some(Uint8Array::new(&buffer)))
    }

    async fn has(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.response(digest).await?.is_some())
    }

    async fn list(&self) -> Result<DigestSet, StoreError> {
        Ok(urls(&self.0).await?.iter().filter_map(|url| routes::parse_piece(url)).collect())
    }

    async fn delete(&self, digest: &Digest) -> Result<bool, StoreError> {
        delete(&self.0, &routes::piece(digest)).await
    }
}

/// Documents in the Cache API.
#[derive(Clone)]
pub struct CacheDocuments(Cache);

impl fmt::Debug for CacheDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheDocuments")
    }
}

impl CacheDocuments {
    /// Opens the store of this origin.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unsupported`] where there is no Cache API, as in insecure contexts.
    pub async fn open() -> Result<Self, StoreError> {
        open(DOCUMENTS).await.map(Self)
    }
}

impl Documents for CacheDocuments {
    async fn put(&self, key: &str, text: &str) -> Result<(), StoreError> {
        let response = stored(&Uint8Array::from(text.as_bytes()), "text/plain;charset=utf-8")?;
        JsFuture::from(self.0.put_with_str(key, &response)).await?;
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let Some(response) = found(&self.0, key).await? else {
            return Ok(None);
        };
        Ok(JsFuture::from(response.text()?).await?.as_string())
    }

    async fn keys(&self) -> Result<Vec<String>, StoreError> {
        // `scheme:`, nothing, `authority`, and what is wanted.
        let path = |url: String| url.splitn(4, '/').nth(3).map(|path| format!("/{path}"));
        Ok(urls(&self.0).await?.into_iter().filter_map(path).collect())
    }

    async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        delete(&self.0, key).await
    }
}
