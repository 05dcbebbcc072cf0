//! The root component: routes.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::SsrMode;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{ParamSegment, StaticSegment};

use crate::pages::{CataloguePage, ModelPage, NotFound};

/// The whole interface.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // Rendered as a whole before anything is sent: the data are in the server's memory, the page is complete
    // without JavaScript, and a missing model is a 404.
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
