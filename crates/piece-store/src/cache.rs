//! The stores over the Cache API, in a window or in a worker.
//!
//! Pages and workers of an origin share this API, and bodies stay on disk. A service worker can answer
//! requests with the entries as they are.
//!
//! An entry can be wrong or incomplete. Bodies are written to disk as they arrive, and are verified there.
//! Firefox keeps the beginning of an entry if its tab closes while it is written. The store therefore
//! writes a mark before each piece, and removes it after verification. A piece with a mark counts as
//! absent.
//!
//! Each operation opens its cache by name. An open `Cache` object outlives the deletion of its cache: later
//! calls of `put` succeed, but no reader can ever find the entry.

mod documents;
mod parts;
mod pieces;

use js_sys::{Array, Uint8Array};
use protocol::{Digest, DigestSet, routes};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, CacheQueryOptions, CacheStorage, Headers, Request, Response, ResponseInit};

use crate::connection::{answer, answer_at_last};
use crate::globals::global;
use crate::{StoreError, StoreErrorKind};

pub use documents::CacheDocuments;
pub use parts::{CacheParts, put_part};
pub use pieces::{CachePieces, Reservation, Staged};

const PREFIX: &str = "modelferry-";
const PIECES: &str = "modelferry-pieces-1";
/// The cache of documents, whose keys are paths of [`protocol::routes`].
pub const DOCUMENTS: &str = "modelferry-manifests-1";
const PARTS: &str = "modelferry-parts-1";
/// How the names of the caches begin that hold the application instead of models. They are the service worker's.
pub const SHELL: &str = "modelferry-shell-";

fn caches() -> Result<CacheStorage, StoreError> {
    Ok(global("caches")?.unchecked_into())
}

async fn open(name: &str) -> Result<Cache, StoreError> {
    Ok(answer(caches()?.open(name)).await?.unchecked_into())
}

/// Removes the caches of other layouts of this store, older or newer.
///
/// # Errors
/// When the caches cannot be listed or deleted.
pub async fn remove_other_layouts() -> Result<(), StoreError> {
    let caches = caches()?;
    let names: Array = answer(caches.keys()).await?.unchecked_into();
    for name in names.iter().filter_map(|name| name.as_string()) {
        if name.starts_with(PREFIX)
            && !name.starts_with(SHELL)
            && ![PIECES, DOCUMENTS, PARTS].contains(&name.as_str())
        {
            answer(caches.delete(&name)).await?;
        }
    }
    Ok(())
}

/// A response made anew, with exactly these headers.
fn stored(bytes: &Uint8Array, content_type: &str) -> Result<Response, StoreError> {
    Ok(Response::new_with_opt_js_u8_array_and_init(Some(bytes), &about(content_type, bytes.length())?)?)
}

fn about(content_type: &str, length: u32) -> Result<ResponseInit, StoreError> {
    let headers = Headers::new()?;
    headers.set("content-type", content_type)?;
    headers.set("content-length", &length.to_string())?;
    let init = ResponseInit::new();
    init.set_headers(&headers);
    Ok(init)
}

/// Puts an entry into the cache of this name.
///
/// # Errors
/// When it cannot be written.
pub async fn put(cache: &str, key: &str, response: &Response) -> Result<(), StoreError> {
    answer_at_last(open(cache).await?.put_with_str(key, response)).await?;
    Ok(())
}

/// The same for an entry that is in memory, and small.
async fn put_small(cache: &str, key: &str, response: &Response) -> Result<(), StoreError> {
    answer(open(cache).await?.put_with_str(key, response)).await?;
    Ok(())
}

/// The mark of a piece that is being stored.
const UNFINISHED: &str = "?unfinished";

fn mark(digest: &Digest) -> String {
    format!("{}{UNFINISHED}", routes::piece(digest))
}

/// Begins to store a piece: until [`finish_piece`], its body does not count as a piece. The caller holds the
/// piece's lock.
///
/// Put the body into the same `Cache` object. If the user clears the site's data in between, the mark is
/// gone, and then the body must not be readable either.
async fn begin_piece(digest: &Digest) -> Result<Cache, StoreError> {
    let cache = open(PIECES).await?;
    let empty = stored(&Uint8Array::new_with_length(0), "text/plain")?;
    answer(cache.put_with_str(&mark(digest), &empty)).await?;
    Ok(cache)
}

/// What was begun is right.
async fn finish_piece(digest: &Digest) -> Result<(), StoreError> {
    if delete_one(PIECES, &mark(digest)).await? {
        return Ok(());
    }
    Err(StoreError::new(StoreErrorKind::Other, "the piece was removed while it was stored"))
}

/// Deletes a body that was refused. The mark stays, because a reader may have found the body and look for the mark now.
async fn refuse_piece(digest: &Digest) -> Result<(), StoreError> {
    delete_one(PIECES, &routes::piece(digest)).await.map(drop)
}

/// The body of a piece, be it finished or not.
async fn body_of_piece(digest: &Digest) -> Result<Option<Response>, StoreError> {
    found(PIECES, &routes::piece(digest)).await
}

/// Pieces that are whole, and those that are not.
async fn whole_and_unfinished() -> Result<(DigestSet, DigestSet), StoreError> {
    let (mut whole, mut unfinished) = (Vec::new(), Vec::new());
    for url in urls(PIECES).await? {
        match url.strip_suffix(UNFINISHED) {
            Some(url) => unfinished.extend(routes::parse_piece(url)),
            None => whole.extend(routes::parse_piece(&url)),
        }
    }
    let unfinished: DigestSet = unfinished.into_iter().collect();
    Ok((whole.into_iter().filter(|digest| !unfinished.contains(digest)).collect(), unfinished))
}

/// The entry of this key in the cache of this name.
///
/// # Errors
/// When it cannot be read.
pub async fn found(cache: &str, key: &str) -> Result<Option<Response>, StoreError> {
    let options = exactly();
    // Opens it as well, in one step.
    options.set_cache_name(cache);
    let value = answer(caches()?.match_with_str_and_options(key, &options)).await?;
    Ok((!value.is_undefined()).then(|| value.unchecked_into()))
}

async fn bytes(response: &Response) -> Result<Uint8Array, StoreError> {
    Ok(Uint8Array::new(&JsFuture::from(response.array_buffer()?).await?))
}

async fn urls(cache: &str) -> Result<Vec<String>, StoreError> {
    let requests: Array = answer(open(cache).await?.keys()).await?.unchecked_into();
    Ok(requests.iter().map(|request| request.unchecked_into::<Request>().url()).collect())
}

/// The paths of all entries of the cache of this name.
///
/// # Errors
/// When it cannot be read.
pub async fn paths(cache: &str) -> Result<Vec<String>, StoreError> {
    // `scheme:`, nothing, `authority`, and what is wanted.
    let path = |url: String| url.splitn(4, '/').nth(3).map(|path| format!("/{path}"));
    Ok(urls(cache).await?.into_iter().filter_map(path).collect())
}

/// Deletes the entry of this key from the cache of this name; says whether there was one.
///
/// # Errors
/// When the cache cannot be written.
pub async fn delete_one(cache: &str, key: &str) -> Result<bool, StoreError> {
    let deleted = open(cache).await?.delete_with_str_and_options(key, &exactly());
    Ok(answer(deleted).await?.is_truthy())
}

/// Of documents there is one entry a path; of parts there may be many, told apart by their query.
async fn delete(cache: &str, key: &str) -> Result<bool, StoreError> {
    let deleted = open(cache).await?.delete_with_str_and_options(key, &whatever_the_query());
    Ok(answer(deleted).await?.is_truthy())
}

/// What the server answered is stored with its own headers, and whatever it varies by, it is the same piece.
fn exactly() -> CacheQueryOptions {
    let options = CacheQueryOptions::new();
    options.set_ignore_vary(true);
    options
}

fn whatever_the_query() -> CacheQueryOptions {
    let options = exactly();
    options.set_ignore_search(true);
    options
}
