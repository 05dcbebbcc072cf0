//! Watches the server while the page is open: whether it is reachable, and whether it has another build of
//! the pages.
//!
//! It requests the head of the worker's script, whose validator differs for every build. It then marks the
//! document; `parts/notices.rs` and the style sheet define what users see.

use gloo_timers::future::TimeoutFuture;
use protocol::routes;
use protocol::shell::is_of_the_server;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortSignal, RequestCache, RequestInit, Response, ServiceWorkerRegistration};

use downloader::browser::{downloads, is_permanent, log, register, window};

/// How often it is looked whether something is to be done, in milliseconds; also how often the server is asked while it
/// cannot be reached.
const LOOK_EVERY: u32 = 5_000;

/// After so many looks the server is asked without an occasion: once an hour.
const HOUR: u32 = 3_600_000 / LOOK_EVERY;

/// How long the server may take to answer, in milliseconds.
const PATIENCE: u32 = 10_000;

/// After how long the watch is begun again where it could not begin, in milliseconds.
const AGAIN_AFTER: u32 = 60_000;

/// Marks the document while the server cannot be reached.
const OFFLINE: &str = "data-offline";

/// Marks the document when a newer build is ready for it, but not during a download.
const RENEWED: &str = "data-renewed";

/// Begins to watch.
pub fn watch() {
    spawn_local(async {
        while let Err(error) = watch_on().await {
            log("the server is not watched", &error);
            if is_permanent(&error) {
                return;
            }
            TimeoutFuture::new(AGAIN_AFTER).await;
        }
    });
}

async fn watch_on() -> Result<(), JsValue> {
    let window = window();
    // Absent where a page was not rendered by us.
    let Some(document) = window.document() else { return Ok(()) };
    let Some(root) = document.document_element() else { return Ok(()) };
    let Some(build) = root.get_attribute("data-build") else { return Ok(()) };
    // Where there is none, nothing is kept that could be old.
    if !window.is_secure_context() {
        return Ok(());
    }
    let registration = register(&window).await?;
    let (mut offline, mut renewed, mut unseen, mut looks) = (false, false, true, 0);
    loop {
        let hidden = document.hidden();
        // When it comes into sight, the first time included.
        if !hidden && (unseen || offline || looks >= HOUR) {
            looks = 0;
            let answer = ask().await;
            offline = answer.is_none();
            if let Some(Some(tag)) = answer {
                renewed = !tag.contains(&build);
            }
            if renewed && let Err(error) = JsFuture::from(registration.update()?).await {
                log("the worker could not be renewed", &error);
            }
        }
        unseen = hidden;
        looks += 1;
        root.toggle_attribute_with_force(OFFLINE, offline)?;
        let ready = renewed && is_settled(&registration) && !downloads().is_busy().await;
        root.toggle_attribute_with_force(RENEWED, ready)?;
        TimeoutFuture::new(LOOK_EVERY).await;
    }
}

/// Page, files and worker of the new build come together only when its worker has taken over.
fn is_settled(registration: &ServiceWorkerRegistration) -> bool {
    registration.installing().is_none() && registration.waiting().is_none()
}

/// The validator of the server's worker, if it says one; `None` if it cannot be reached.
async fn ask() -> Option<Option<String>> {
    let init = RequestInit::new();
    init.set_method("HEAD");
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE)));
    let answer = window().fetch_with_str_and_init(routes::SERVICE_WORKER, &init);
    let answer: Response = JsFuture::from(answer).await.ok()?.unchecked_into();
    is_of_the_server(answer.status())
        .then(|| answer.headers().get("etag").ok().flatten().filter(|_| answer.ok()))
}
