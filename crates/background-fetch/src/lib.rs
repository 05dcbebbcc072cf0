//! Typed bindings for the [Background Fetch API], for pages and service workers.
//!
//! A background fetch is a set of downloads that the browser itself carries out: it continues when the page is
//! closed, shows its progress in the browser's own interface, and wakes the service worker when it is over.
//! Chromium has it, other browsers do not; ask [`is_supported`] first. `web-sys` has no bindings for it.
//!
//! # In a page: start and follow
//!
//! ```no_run
//! use background_fetch::{BackgroundFetch, Error, Icon, Options, ProgressListener};
//! use web_sys::ServiceWorkerRegistration;
//!
//! /// To be called in the handler of a click. `Error::kind` says what to do about an error.
//! async fn download_episode(worker: &ServiceWorkerRegistration) -> Result<ProgressListener, Error> {
//!     let options = Options::new()
//!         .title("Episode 7")
//!         .icon(Icon::new("/icon.png").sizes("192x192").media_type("image/png"))
//!         .download_total(31_457_280);
//!     let fetches = BackgroundFetch::of(worker)?;
//!     let registration = fetches.fetch("episode-7", ["/7/audio", "/7/cover"], &options).await?;
//!     Ok(registration.on_progress(|progress| {
//!         let (done, total) = (progress.downloaded, progress.download_total);
//!         show(&format!("{done} of {total} bytes"));
//!     }))
//! }
//! # fn show(_: &str) {}
//! ```
//!
//! # In a service worker: take the bytes
//!
//! ```no_run
//! use background_fetch::{CompletionEvent, Error, UiUpdate, listen};
//! use wasm_bindgen::JsCast;
//! use web_sys::ServiceWorkerGlobalScope;
//!
//! /// To be called in the first evaluation of the worker's script, before anything is awaited.
//! fn start() -> Result<(), Error> {
//!     let scope: ServiceWorkerGlobalScope = js_sys::global().unchecked_into();
//!     listen(&scope, on_completion, |click| async move { focus_a_page(&click.registration().id()).await })
//! }
//!
//! /// The event waits for this future.
//! async fn on_completion(event: CompletionEvent) {
//!     if let Err(error) = take_records(&event).await {
//!         show(&error.to_string());
//!     }
//! }
//!
//! async fn take_records(event: &CompletionEvent) -> Result<(), Error> {
//!     for record in event.registration().match_all().await? {
//!         match record.response_ready().await {
//!             Ok(response) => store(&record.url(), &response).await,
//!             Err(error) => show(&format!("{} is missing: {error}", record.url())),
//!         }
//!     }
//!     match event.ui() {
//!         Some(ui) => ui.update(&UiUpdate::new().title("Episode 7 is here")).await,
//!         None => Ok(()), // Aborted: nothing is shown any more.
//!     }
//! }
//! # fn show(_: &str) {}
//! # async fn store(_: &str, _: &web_sys::Response) {}
//! # async fn focus_a_page(_: &str) {}
//! ```
//!
//! # What the specification does not say
//!
//! Measured with Chromium 156:
//!
//! - **`backgroundfetchsuccess` does not mean that the bytes are there.** When a transfer fails for good
//!   after good headers, the record has status 200, the announced `Content-Length` and an empty body. Check
//!   what you take, by size at least.
//! - The three completion events come **at most once**, and when the handler is done the records are gone. So
//!   treat success, fail and abort alike: take every record that is there. [`listen`] has one handler for
//!   them.
//! - Records come in any order, and requests do not start in the order given: go by [`Record::url`].
//! - A page may start one fetch per click or key press; otherwise [`ErrorKind::NotAllowed`]. A service worker
//!   may start none.
//! - Any navigation in the browser pauses a fetch until 30 s after it, if the response says
//!   `Accept-Ranges: bytes` and has a strong validator. Without `Accept-Ranges` it continues, and still
//!   resumes.
//! - [`Registration::downloaded`] is a hint: after a restart of the browser it leaves requests out.
//! - At most two requests run at a time, at most five fetches per origin are active, and a second fetch of an
//!   origin waits for the first.
//! - Nothing is fetched while the operating system has no network but loopback, not even from loopback.
//!
//! [Background Fetch API]: https://wicg.github.io/background-fetch/

mod api;
mod error;
mod glue;
mod number;
mod options;
mod outcome;
mod progress;
mod record;
mod registration;
mod request_info;
mod worker;

pub use api::{BackgroundFetch, is_supported};
pub use error::{Error, ErrorKind};
pub use options::{Icon, Options, UiUpdate};
pub use outcome::{FailureReason, FetchResult};
pub use progress::{Progress, ProgressListener};
pub use record::Record;
pub use registration::Registration;
pub use request_info::RequestInfo;
pub use worker::{ClickEvent, CompletionEvent, CompletionKind, DownloadUi, listen};
