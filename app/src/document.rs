//! The document around every page, and the routes from addresses to pages.

use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;
use leptos::config::Env;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{ParamSegment, StaticSegment};

use protocol::routes;

use crate::pages::{CataloguePage, ModelPage, NotFound, OfflinePage};
use crate::parts::Notices;

/// The colour of what is around the page, as the style sheet's `--ground`.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// By day.
    pub light: &'static str,
    /// By night.
    pub dark: &'static str,
}

/// The colours of this application.
pub const THEME: Theme = Theme { light: "#f6f8fa", dark: "#10161b" };

/// The document. `options` name the script, `style` is the path of the style sheet, and `build` is what the validator of the
/// worker's script begins with.
#[must_use]
pub fn document(options: LeptosOptions, style: String, build: String) -> impl IntoView {
    provide_meta_context();
    restrict(&options);
    view! {
        <!DOCTYPE html>
        <html lang=messages::LANGUAGE data-build=build>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="color-scheme" content="light dark"/>
                {around("(prefers-color-scheme: light)", THEME.light)}
                {around("(prefers-color-scheme: dark)", THEME.dark)}
                <link rel="icon" href="/assets/icon.svg" type="image/svg+xml"/>
                <link rel="apple-touch-icon" href="/assets/install/apple-touch-icon.png"/>
                <link rel="manifest" href=routes::WEB_MANIFEST/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options islands=true/>
                <link id="style" rel="stylesheet" href=style/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The colour for what is around the page. The macro does not know that such an element may have a condition.
fn around(media: &'static str, color: &'static str) -> impl IntoView {
    leptos::html::meta().name("theme-color").content(color).attr("media", media)
}

/// The Content Security Policy (Level 3) of the page. It may load and run only its own files, and the one
/// script that starts it, which has a nonce.
fn restrict(options: &LeptosOptions) {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
        return;
    };
    // The watching build tells the page by a socket that it has changed.
    let watched = if options.env == Env::DEV { " ws:" } else { "" };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'{watched}; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    // A number in base64 is always fit for a field.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}

/// All pages.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // Rendered as a whole before anything is sent: the data are in memory, and a missing model is a 404.
    view! {
        <Router>
            <header class="site">
                <a class="brand" href="/">
                    <img src="/assets/icon.svg" alt="" width="28" height="28"/>
                    {messages::NAME}
                </a>
            </header>
            <Notices/>
            <main>
                <Routes fallback=NotFound>
                    <Route path=StaticSegment("") view=CataloguePage ssr=SsrMode::Async/>
                    <Route path=StaticSegment(&routes::OFFLINE[1..]) view=OfflinePage ssr=SsrMode::Async/>
                    <Route path=(ParamSegment("owner"), ParamSegment("name")) view=ModelPage ssr=SsrMode::Async/>
                </Routes>
            </main>
        </Router>
    }
}
