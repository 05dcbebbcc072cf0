//! The semantic search on a model's page. The server renders everything that it can show. The browser fills
//! it, and `data-phase` selects the visible parts.

use leptos::prelude::*;
use messages::search as text;

/// The section.
#[component]
pub(crate) fn SearchSection() -> impl IntoView {
    view! {
        <section class="panel search" data-testid="search" data-phase="absent" aria-labelledby="search">
            <h2 id="search">{text::HEADING}</h2>
            <p class="explanation absent">{text::ABSENT}</p>
            <div class="edit">
                <p class="explanation">{text::LEAD}</p>
                <label for="search-text">{text::TEXT}</label>
                <textarea id="search-text" class="source" rows="9" spellcheck="false">{text::SAMPLE}</textarea>
                <div class="buttons">
                    <button type="button" class="primary begin">{text::BEGIN}</button>
                    <label class="file">
                        {text::FILE}
                        <input type="file" class="unseen" accept="text/*,.txt,.md,.csv,.html,.json,.log,.tex"/>
                    </label>
                </div>
            </div>
            <div class="ask">
                <label for="search-query">{text::QUERY}</label>
                <input type="search" id="search-query" class="query" placeholder=text::EXAMPLE autocomplete="off"/>
            </div>
            <p class="state" role="status"></p>
            <p class="failure" role="alert"></p>
            <div class="work">
                <progress class="progress" aria-label=text::PROGRESS></progress>
                <span class="reach"></span>
                <button type="button" class="quiet cancel">{text::CANCEL}</button>
            </div>
            <div class="results">
                <p class="found" role="status"></p>
                <ol class="hits" aria-label=text::FOUND></ol>
                <div class="marked" role="region" tabindex="0" aria-label=text::MARKED></div>
                <div class="buttons">
                    <button type="button" class="quiet change">{text::CHANGE}</button>
                </div>
            </div>
            // One of the hits, to be copied.
            <template>
                <li>
                    <a></a>
                    <meter max="100" aria-label=text::SIMILARITY></meter>
                    <span></span>
                </li>
            </template>
        </section>
    }
}
