//! The application shell: pages and what they load, kept so that they open without the network.
//!
//! Each build of the application has a cache of its own, whose name and first content come with the worker's script. So a
//! page of one build never gets a script of another. The cache of the build before stays for pages that are still open;
//! older ones go.
//!
//! Nothing here may fail a request that would succeed without a worker, nor make it wait for the store's sake.

use std::pin::Pin;

use js_sys::{Array, Promise, Reflect};
use piece_store::{SHELL, entries};
use protocol::routes;
use protocol::shell::{Kept, kept};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{FetchEvent, Request, RequestMode, Response};

use crate::{message, of_this_origin, pages, report, scope};

/// How long the server may take to begin its answer before what is kept is shown, in milliseconds. Its answer is kept all the
/// same, for the next time.
const PATIENCE: i32 = 4_000;

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
    let Some(how) = kept(path, request.mode() == RequestMode::Navigate) else {
        return Ok(());
    };
    let path = path.to_owned();
    event.respond_with(&promise(answer(event.clone(), path, how)))
}

/// A promise of a future. Boxed, so that the code for promises is there once; and so [`settled`] makes the code for waiting
/// be there once.
fn promise(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let future: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>> = Box::pin(future);
    future_to_promise(future)
}

fn settled<T>(promise: Promise<T>) -> JsFuture {
    JsFuture::from(promise.unchecked_into::<Promise>())
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
    let patience = Promise::new(&mut |done, _| {
        if let Err(error) = scope().set_timeout_with_callback_and_timeout_and_arguments_0(&done, PATIENCE) {
            report("no clock", &error);
        }
    });
    match settled(Promise::race(&Array::of2(&network, &patience))).await {
        // RFC 9110 sections 15.6.3 to 15.6.5, and what is beyond them: the word of something between, not the server's.
        Ok(response) if response.is_object() && response.unchecked_ref::<Response>().status() <= 501 => {
            Ok(response)
        }
        Ok(_) | Err(_) => Ok(stored.into()),
    }
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
        if is_wanted(response) {
            // Before anybody reads it, and before this promise is settled, which keeps the event open.
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
    if let Err(error) = entries::put(&own_name(), &path, &copy).await {
        report("a page could not be kept", &message(&error));
    }
    match how {
        Kept::Page => keep_up(Some(Vec::new())).await,
        Kept::Hashed | Kept::Stable => Ok(JsValue::UNDEFINED),
    }
}

/// Whole, and of this origin. Redirects, refusals and errors are not kept.
fn is_wanted(response: &Response) -> bool {
    response.status() == 200 && !response.redirected()
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

/// What the server has put before this script: the name of its build, and what its pages load.
fn build() -> Array {
    // Of something that is no list, an empty one is made.
    Array::from(&Reflect::get(&js_sys::global(), &"modelferry".into()).unwrap_or_default())
}

fn own_name() -> String {
    SHELL.to_owned() + &build().shift().as_string().unwrap_or_default()
}

/// The caches of other builds, oldest first.
async fn others() -> Result<Vec<String>, JsValue> {
    let names: Array = settled(scope().caches()?.keys()).await?.unchecked_into();
    let own = own_name();
    let names = names.iter().filter_map(|name| name.as_string());
    Ok(names.filter(|name| name.starts_with(SHELL) && *name != own).collect())
}

/// What is kept of a path: by this build, or else by the one before.
async fn stored(path: &str) -> Result<Option<Response>, JsValue> {
    let mut names = others().await?;
    names.push(own_name());
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
    let there = entries::paths(&own).await.map_err(|error| message(&error))?;
    let mut wanted: Vec<String> = build().iter().skip(1).filter_map(|path| path.as_string()).collect();
    for document in entries::paths(entries::DOCUMENTS).await.map_err(|error| message(&error))? {
        wanted.extend(routes::page_of_manifest(&document).map(str::to_owned));
    }
    match &renewed {
        Some(renewed) => wanted.extend_from_slice(renewed),
        None => {
            // A page that was opened before there was a worker.
            for url in pages::urls().await {
                wanted.extend(
                    of_this_origin(&url)
                        .and_then(path)
                        .filter(|path| kept(path, true) == Some(Kept::Page))
                        .map(str::to_owned),
                );
            }
            // What was used of the build before will be used of this one.
            let mut others = others().await?;
            for name in &others {
                let before = entries::paths(name).await.map_err(|error| message(&error))?;
                wanted.extend(before.into_iter().filter(|path| !path.starts_with("/pkg/")));
            }
            others.pop();
            for name in others {
                settled(scope().caches()?.delete(&name)).await?;
            }
        }
    }
    for (number, path) in wanted.iter().enumerate() {
        let is_new = renewed.as_ref().is_none_or(|renewed| renewed.contains(path));
        let is_first = !wanted.iter().take(number).any(|before| before == path);
        if is_first && (is_new || !there.contains(path)) {
            // The next visit tries again.
            if let Ok(response) = settled(scope().fetch_with_str(path)).await
                && let response = response.unchecked_into::<Response>()
                && is_wanted(&response)
            {
                entries::put(&own, path, &response).await.map_err(|error| message(&error))?;
            }
        }
    }
    let visited = there.iter().filter(|path| !wanted.contains(path) && kept(path, true) == Some(Kept::Page));
    let many = visited.clone().count().saturating_sub(VISITED);
    for path in visited.take(many) {
        entries::delete(&own, path).await.map_err(|error| message(&error))?;
    }
    Ok(())
}
