//! The catalogue: all models.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::Title;
use messages::catalogue as text;
use protocol::{IndexReport, ModelInfo, routes};

use crate::catalogue::Catalogue;

/// All models, what is being prepared, and what cannot be offered.
#[component]
pub(crate) fn CataloguePage() -> impl IntoView {
    // There is no catalogue while the routes are listed at start.
    let report = use_context::<Catalogue>().map(|catalogue| catalogue.0.report()).unwrap_or_default();
    view! {
        <Title text=messages::title(text::TITLE)/>
        <h1>{text::TITLE}</h1>
        <p class="lead">{text::LEAD}</p>
        <Report report/>
    }
}

#[component]
fn Report(report: Arc<IndexReport>) -> impl IntoView {
    let IndexReport { models, pending, problems } = report.as_ref();
    let nothing = models.is_empty() && pending.is_empty();
    view! {
        {nothing.then(|| view! { <p>{text::EMPTY}</p> })}
        <ul class="cards">{models.iter().map(|model| view! { <Card model/> }).collect_view()}</ul>
        {(!pending.is_empty()).then(|| view! {
            <section class="pending">
                <h2>{text::PENDING}</h2>
                <ul>{pending.iter().map(|id| view! { <li>{id.to_string()}</li> }).collect_view()}</ul>
            </section>
        })}
        {(!problems.is_empty()).then(|| view! {
            <section class="problems">
                <h2>{text::PROBLEMS}</h2>
                <ul>
                    {problems.iter().map(|problem| view! {
                        <li><code>{problem.path.clone()}</code>" – "{problem.reason.clone()}</li>
                    }).collect_view()}
                </ul>
            </section>
        })}
    }
}

#[component]
fn Card<'a>(model: &'a ModelInfo) -> impl IntoView + use<> {
    let facts = [
        Some(messages::bytes(model.used_storage)),
        Some(messages::count(model.siblings.len(), "file", "files")),
        model.pipeline_tag.clone(),
        model.card_data.license.clone(),
    ];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        // In the browser, the model's mark comes into it.
        <li class="card" data-model=model.id.to_string() data-revision=model.sha.to_string()>
            <a href=routes::model_page(&model.id)>
                <span class="owner">{model.id.owner().to_owned()}"/"</span>
                <span class="name">{model.id.name().to_owned()}</span>
            </a>
            <p class="facts">{facts}</p>
            // Seen when the server cannot be reached, where the device has nothing of this model.
            <p class="elsewhere">{text::ELSEWHERE}</p>
        </li>
    }
}
