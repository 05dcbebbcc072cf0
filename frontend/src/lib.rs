//! The browser's entry point: hydrates the islands, watches the server, and nothing else.

/// Called by the page's script once the WebAssembly is instantiated.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
    app::mark_models();
    app::watch();
}
