//! The shell: pages and the files that they load, cached so that they open without the network.
//!
//! Each build has a cache of its own. The worker's script contains its name and first content. Only
//! responses of that build enter the cache, and a page or program enters only after the files that it
//! loads. (Over the network, `/inference-worker.js` and `/modelferry.js` are the server's newest, for older
//! pages too. They report if they do not understand each other.) The previous build's cache stays, for open
//! pages and for offline use. Older caches are deleted.
//!
//! **Architecture Invariant:** a request that would succeed without a worker does not fail because of this
//! code, and does not wait until something is stored.

use std::slice;

use js_sys::{Array, Promise, Reflect};
use piece_store::{SHELL, entries};
use protocol::routes;
use protocol::shell::{BUILD, Destination, Kept, kept};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{FetchEvent, Request, RequestCache, RequestInit, RequestMode, Response};

use crate::scope::{message, of_this_origin, promise, report, scope, settled};
use crate::{network, pages};

/// How many pages are kept of models that are not on this device: those visited last.
const VISITED: usize = 50;

/// Answers what is of the shell, and leaves everything else to the browser. `url` is without its origin.
pub(crate) fn fetched(event: &FetchEvent, request: &Request, url: &str) -> Result<(), JsValue> {
    let Some(path) = path(url).filter(|_| request.method() == "GET") else {
        return Ok(());
    };
    if let Some(page) = routes::page_of_manifest(path) {
        // Somebody begins to download this model: be it by its page or not, its page and the catalogue will have to open
        // without the network.
        let renewed = Some(vec![page.to_owned(), routes::CATALOGUE.to_owned()]);
        return event.wait_until(&promise(keep_up(renewed)));
    }
    let destination = match request.mode() {
        RequestMode::Navigate => Destination::Navigation,
        _ => Destination::Subresource,
    };
    let Some(how) = kept(path, destination) else {
        return Ok(());
    };
    let path = path.to_owned();
    event.respond_with(&promise(answer(event.clone(), path, how)))
}

async fn answer(event: FetchEvent, path: String, how: Kept) -> Result<JsValue, JsValue> {
    // What has its digest in its name need not be asked for; all else is, without waiting for the store.
    let early = (how != Kept::Hashed).then(|| ask(&event, &path, how)).transpose()?;
    let stored = stored(&path).await.unwrap_or_else(|error| {
        report("the shell could not be read", &error);
        None
    });
    if how == Kept::Hashed
        && let Some(stored) = &stored
        && is_immutable(stored)
    {
        return Ok(stored.into());
    }
    let network = match early {
        Some(network) => network,
        None => ask(&event, &path, how)?,
    };
    let Some(stored) = stored else {
        let answered = settled(network).await;
        return match (answered, how) {
            (Err(error), Kept::Page) => {
                Ok(self::stored(routes::OFFLINE).await?.map_or_else(|| error_response(&error), JsValue::from))
            }
            (answered, Kept::Hashed | Kept::Stable | Kept::Page) => answered,
        };
    };
    // What comes later is kept all the same, for the next time.
    Ok(network::in_time(&network).await.unwrap_or(stored).into())
}

fn error_response(error: &JsValue) -> JsValue {
    report("there is no page for being offline", error);
    Response::error().into()
}

/// Asks the network; what comes is kept on the way.
fn ask(event: &FetchEvent, path: &str, how: Kept) -> Result<Promise, JsValue> {
    let (holder, path) = (event.clone(), path.to_owned());
    let answered = promise(async move {
        let answered = settled(scope().fetch_with_request(&holder.request())).await?;
        let response: &Response = answered.unchecked_ref();
        if is_wanted(response, &path, how) {
            // Before the body is read, and before this promise settles, which keeps the event open.
            let held = response.clone().and_then(|copy| holder.wait_until(&promise(keep(path, how, copy))));
            if let Err(error) = held {
                report("a page could not be kept", &error);
            }
        }
        Ok(answered)
    });
    // Also when the answer is not waited for any more.
    event.wait_until(&answered)?;
    Ok(answered)
}

async fn keep(path: String, how: Kept, copy: Response) -> Result<JsValue, JsValue> {
    if let Err(error) = kept_copy(&path, how, copy).await {
        report("a page could not be kept", &error);
    }
    match how {
        Kept::Page => keep_up(Some(Vec::new())).await,
        Kept::Hashed | Kept::Stable => Ok(JsValue::UNDEFINED),
    }
}

async fn kept_copy(path: &str, how: Kept, copy: Response) -> Result<(), JsValue> {
    // A program is of use with its files only, a page with those of all pages.
    let together = lists().into_iter().find(|list| match how {
        Kept::Hashed => false,
        Kept::Stable => list.last().is_some_and(|entry| entry == path),
        Kept::Page => true,
    });
    if let Some(list) = together
        && !fetch(&list, &paths(&own_name()).await?).await?
    {
        return Ok(());
    }
    put(path, &copy).await
}

/// Whole, and of this origin: redirects, refusals and errors are not kept. And ours, of the build that this is.
fn is_wanted(response: &Response, path: &str, how: Kept) -> bool {
    let is_ours = match how {
        // The same in every build that has it, so that the browser may still have it from one before.
        Kept::Hashed => lists().iter().flatten().any(|listed| listed == path),
        Kept::Stable | Kept::Page => {
            let build = response.headers().get(BUILD).ok().flatten();
            build.is_some() && build == self::build().get(0).as_string()
        }
    };
    response.status() == 200 && !response.redirected() && is_ours
}

/// Without a digest in their names, as while one develops, not even the files of those folders are.
fn is_immutable(response: &Response) -> bool {
    let said = response.headers().get("cache-control").ok().flatten().unwrap_or_default();
    // By words: to search for text in text would be a tenth of the worker.
    said.split(' ').any(|word| word.strip_suffix(',').unwrap_or(word) == "immutable")
}

/// The path of a URL without its origin.
fn path(url: &str) -> Option<&str> {
    url.split('?').next()?.split('#').next()
}

/// The list that the server puts before this script: the name of its build, and the files that all pages
/// load. For each program beside the pages, it has its files, and its entry last.
fn build() -> Array {
    // Of something that is no list, an empty one is made.
    Array::from(&Reflect::get(&js_sys::global(), &"modelferry".into()).unwrap_or_default())
}

/// The lists in it.
fn lists() -> Vec<Vec<String>> {
    let paths = |list: JsValue| Array::from(&list).iter().filter_map(|path| path.as_string()).collect();
    build().iter().skip(1).map(paths).collect()
}

fn own_name() -> String {
    SHELL.to_owned() + &build().get(0).as_string().unwrap_or_default()
}

/// The caches of all builds, oldest first.
async fn all() -> Result<Vec<String>, JsValue> {
    let names: Array = settled(scope().caches()?.keys()).await?.unchecked_into();
    let names = names.iter().filter_map(|name| name.as_string());
    Ok(names.filter(|name| name.starts_with(SHELL)).collect())
}

async fn put(path: &str, response: &Response) -> Result<(), JsValue> {
    entries::put(&own_name(), path, response).await.map_err(|error| message(&error))
}

async fn paths(cache: &str) -> Result<Vec<String>, JsValue> {
    entries::paths(cache).await.map_err(|error| message(&error))
}

/// What is kept of a path: by this build, or else by the one before.
async fn stored(path: &str) -> Result<Option<Response>, JsValue> {
    let own = own_name();
    let mut names = all().await?;
    names.retain(|name| *name != own);
    names.push(own);
    while let Some(name) = names.pop() {
        if let Some(found) = entries::get(&name, path).await.map_err(|error| message(&error))? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Fetches what should be kept and is not, and forgets what need not be kept. Some pages are fetched anew; all of them, `None`,
/// after another build. Where it fails, the next visit goes on.
pub(crate) async fn keep_up(renewed: Option<Vec<String>>) -> Result<JsValue, JsValue> {
    if let Err(error) = kept_up(renewed).await {
        report("the pages could not be kept", &error);
    }
    Ok(JsValue::UNDEFINED)
}

async fn kept_up(renewed: Option<Vec<String>>) -> Result<(), JsValue> {
    let own = own_name();
    let mut wanted = vec![routes::CATALOGUE.to_owned(), routes::OFFLINE.to_owned()];
    for document in paths(entries::DOCUMENTS).await? {
        wanted.extend(routes::page_of_manifest(&document).map(str::to_owned));
    }
    if renewed.is_none() {
        let_go(&own).await?;
    }
    let mut before = Vec::new();
    if let Some(last) = all().await?.into_iter().rfind(|name| *name != own) {
        before = paths(&last).await?;
    }
    match &renewed {
        Some(renewed) => wanted.extend_from_slice(renewed),
        None => {
            // A page that was opened before there was a worker.
            for url in pages::urls().await {
                wanted.extend(of_this_origin(&url).and_then(path).map(str::to_owned));
            }
            // What was used of the build before will be used of this one.
            wanted.extend_from_slice(&before);
        }
    }
    wanted.retain(|path| kept(path, Destination::Navigation) == Some(Kept::Page));
    let there = paths(&own).await?;
    for (number, list) in lists().iter().enumerate() {
        // The first is of all pages, the others of programs.
        let used = list.last().is_some_and(|entry| there.contains(entry) || before.contains(entry));
        if (number == 0 || used) && !fetch(list, &there).await? && number == 0 {
            // Pages without what they load would be worse than those of the build before.
            return Ok(());
        }
    }
    for (number, path) in wanted.iter().enumerate() {
        let is_new = renewed.as_ref().is_none_or(|renewed| renewed.contains(path));
        if !wanted.iter().take(number).any(|before| before == path) {
            fetch(slice::from_ref(path), if is_new { &[] } else { &there }).await?;
        }
    }
    let visited = there
        .iter()
        .filter(|path| !wanted.contains(path) && kept(path, Destination::Navigation) == Some(Kept::Page));
    let many = visited.clone().count().saturating_sub(VISITED);
    for path in visited.take(many) {
        entries::delete(&own, path).await.map_err(|error| message(&error))?;
    }
    Ok(())
}

/// Of other builds, the last one stays.
async fn let_go(own: &str) -> Result<(), JsValue> {
    let caches = scope().caches()?;
    let mut names = all().await?;
    // A build that is back: its cache is made anew, since their order says which was the last one.
    if names.iter().rev().skip(1).any(|name| name == own) {
        settled(caches.delete(own)).await?;
    }
    names.retain(|name| name != own);
    names.pop();
    for name in names {
        settled(caches.delete(&name)).await?;
    }
    Ok(())
}

/// Fetches and keeps what is not there yet, up to the first that cannot be had; says whether all of it is there now.
async fn fetch(wanted: &[String], there: &[String]) -> Result<bool, JsValue> {
    for path in wanted.iter().filter(|path| !there.contains(path)) {
        let Some(how) = kept(path, Destination::Navigation) else { return Ok(false) };
        let init = RequestInit::new();
        if how != Kept::Hashed {
            // What the browser has may name the build before.
            init.set_cache(RequestCache::Reload);
        }
        let answered = settled(scope().fetch_with_str_and_init(path, &init)).await;
        let Ok(response) = answered.map(Response::unchecked_from_js) else { return Ok(false) };
        if !is_wanted(&response, path, how) {
            return Ok(false);
        }
        put(path, &response).await?;
    }
    Ok(true)
}
