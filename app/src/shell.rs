//! The document around every page, and which address is which page.

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{ParamSegment, StaticSegment};

use crate::pages::{CataloguePage, ModelPage, NotFound};

/// The document.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    provide_meta_context();
    view! {
        <!DOCTYPE html>
        <html lang=words::LANGUAGE>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/assets/icon.svg" type="image/svg+xml"/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options=options.clone() islands=true/>
                <HashedStylesheet options id="style"/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
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
                    {words::NAME}
                </a>
            </header>
            <main>
                <Routes fallback=NotFound>
                    <Route path=StaticSegment("") view=CataloguePage ssr=SsrMode::Async/>
                    <Route path=(ParamSegment("owner"), ParamSegment("name")) view=ModelPage ssr=SsrMode::Async/>
                </Routes>
            </main>
        </Router>
    }
}
