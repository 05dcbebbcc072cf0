//! The raw externs, after the IDL of <https://wicg.github.io/background-fetch/>. Nothing here is public,
//! nothing here decides.

use js_sys::{Array, Function, JsString, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{EventTarget, ExtendableEvent, Request, Response, ServiceWorkerRegistration};

#[wasm_bindgen]
extern "C" {
    /// A `ServiceWorkerRegistration` of a browser that may have Background Fetch.
    #[wasm_bindgen(extends = ServiceWorkerRegistration)]
    pub(crate) type Host;

    /// Structural: other browsers lack the property, which reads as `None`.
    #[wasm_bindgen(method, getter, structural, js_name = backgroundFetch)]
    pub(crate) fn background_fetch(this: &Host) -> Option<BackgroundFetchManager>;
}

#[wasm_bindgen]
extern "C" {
    #[derive(Clone, Debug)]
    pub(crate) type BackgroundFetchManager;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn fetch(
        this: &BackgroundFetchManager,
        id: &str,
        requests: &Array,
        options: &Dictionary,
    ) -> Result<Promise<BackgroundFetchRegistration>, JsValue>;

    /// Resolves to a registration, `null` or `undefined`.
    #[wasm_bindgen(method, catch)]
    pub(crate) fn get(this: &BackgroundFetchManager, id: &str) -> Result<Promise<JsValue>, JsValue>;

    #[wasm_bindgen(method, catch, js_name = getIds)]
    pub(crate) fn get_ids(this: &BackgroundFetchManager) -> Result<Promise<Array<JsString>>, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    /// `BackgroundFetchOptions`, `BackgroundFetchUIOptions` and `ImageResource` in one: a plain object, on
    /// which setting a property cannot fail. `new Object()` gives one.
    #[wasm_bindgen(extends = Object)]
    pub(crate) type Dictionary;

    #[wasm_bindgen(constructor, js_class = "Object")]
    pub(crate) fn new() -> Dictionary;
    #[wasm_bindgen(method, setter, structural)]
    pub(crate) fn set_title(this: &Dictionary, title: &str);
    #[wasm_bindgen(method, setter, structural)]
    pub(crate) fn set_icons(this: &Dictionary, icons: &Array);
    #[wasm_bindgen(method, setter, structural, js_name = downloadTotal)]
    pub(crate) fn set_download_total(this: &Dictionary, bytes: f64);
    #[wasm_bindgen(method, setter, structural)]
    pub(crate) fn set_src(this: &Dictionary, url: &str);
    #[wasm_bindgen(method, setter, structural)]
    pub(crate) fn set_sizes(this: &Dictionary, sizes: &str);
    #[wasm_bindgen(method, setter, structural, js_name = type)]
    pub(crate) fn set_type(this: &Dictionary, media_type: &str);
    #[wasm_bindgen(method, setter, structural)]
    pub(crate) fn set_label(this: &Dictionary, label: &str);
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Clone, Debug)]
    pub(crate) type BackgroundFetchRegistration;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn id(this: &BackgroundFetchRegistration) -> String;
    #[wasm_bindgen(method, getter, js_name = uploadTotal)]
    pub(crate) fn upload_total(this: &BackgroundFetchRegistration) -> f64;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn uploaded(this: &BackgroundFetchRegistration) -> f64;
    #[wasm_bindgen(method, getter, js_name = downloadTotal)]
    pub(crate) fn download_total(this: &BackgroundFetchRegistration) -> f64;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn downloaded(this: &BackgroundFetchRegistration) -> f64;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn result(this: &BackgroundFetchRegistration) -> String;
    #[wasm_bindgen(method, getter, js_name = failureReason)]
    pub(crate) fn failure_reason(this: &BackgroundFetchRegistration) -> String;
    #[wasm_bindgen(method, getter, js_name = recordsAvailable)]
    pub(crate) fn records_available(this: &BackgroundFetchRegistration) -> bool;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn abort(this: &BackgroundFetchRegistration) -> Result<Promise<JsValue>, JsValue>;
    /// Resolves to a record or `undefined`.
    #[wasm_bindgen(method, catch, js_name = match)]
    pub(crate) fn match_url(
        this: &BackgroundFetchRegistration,
        url: &str,
    ) -> Result<Promise<JsValue>, JsValue>;
    #[wasm_bindgen(method, catch, js_name = matchAll)]
    pub(crate) fn match_all(
        this: &BackgroundFetchRegistration,
    ) -> Result<Promise<Array<BackgroundFetchRecord>>, JsValue>;

    // Without `catch`: given a function, the DOM standard lets neither of the two fail.
    #[wasm_bindgen(method, js_name = addEventListener)]
    pub(crate) fn add_listener(this: &BackgroundFetchRegistration, event: &str, listener: &Function);
    #[wasm_bindgen(method, js_name = removeEventListener)]
    pub(crate) fn remove_listener(this: &BackgroundFetchRegistration, event: &str, listener: &Function);
}

#[wasm_bindgen]
extern "C" {
    #[derive(Clone, Debug)]
    pub(crate) type BackgroundFetchRecord;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn request(this: &BackgroundFetchRecord) -> Request;
    #[wasm_bindgen(method, getter, catch, js_name = responseReady)]
    pub(crate) fn response_ready(this: &BackgroundFetchRecord) -> Result<Promise<Response>, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = ExtendableEvent)]
    #[derive(Clone, Debug)]
    pub(crate) type BackgroundFetchEvent;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn registration(this: &BackgroundFetchEvent) -> BackgroundFetchRegistration;

    /// Of the events of success and fail.
    #[wasm_bindgen(extends = BackgroundFetchEvent)]
    #[derive(Clone, Debug)]
    pub(crate) type BackgroundFetchUpdateUIEvent;

    #[wasm_bindgen(method, catch, js_name = updateUI)]
    pub(crate) fn update_ui(
        this: &BackgroundFetchUpdateUIEvent,
        options: &Dictionary,
    ) -> Result<Promise<JsValue>, JsValue>;
}
