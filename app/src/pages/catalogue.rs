//! All models.

use leptos::prelude::*;
use leptos_meta::Title;
use protocol::{IndexReport, ModelInfo, routes};
use words::catalogue as text;

use crate::components::Presence;
use crate::{catalogue, device};

/// All models, what is being prepared, and what cannot be offered.
#[component]
pub(crate) fn CataloguePage() -> impl IntoView {
    let report = Resource::new(|| (), |()| catalogue::report());
    view! {
        <Title text=words::title(text::TITLE)/>
        <h1>{text::TITLE}</h1>
        <p class="lead">{text::LEAD}</p>
        <Suspense>
            {move || Suspend::new(async move {
                match report.await {
                    Ok(report) => view! { <Report report/> }.into_any(),
                    Err(_) => view! { <p class="failure" role="alert">{text::FAILED}</p> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Report(report: IndexReport) -> impl IntoView {
    let IndexReport { models, pending, problems } = report;
    let nothing = models.is_empty() && pending.is_empty();
    let kept = device::kept();
    view! {
        {nothing.then(|| view! { <p>{text::EMPTY}</p> })}
        <ul class="cards">
            {models.into_iter().map(|model| view! { <Card model kept=kept.clone()/> }).collect_view()}
        </ul>
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
                    {problems.into_iter().map(|problem| view! {
                        <li><code>{problem.path}</code>" – "{problem.reason}</li>
                    }).collect_view()}
                </ul>
            </section>
        })}
    }
}

#[component]
fn Card(model: ModelInfo, kept: device::Kept) -> impl IntoView {
    let facts = [
        Some(words::bytes(model.used_storage)),
        Some(words::count(model.siblings.len(), "file", "files")),
        model.pipeline_tag.clone(),
        model.card_data.license.clone(),
    ];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        <li class="card">
            <a href=routes::model_page(&model.id)>
                <span class="owner">{model.id.owner().to_owned()}"/"</span>
                <span class="name">{model.id.name().to_owned()}</span>
            </a>
            <p class="facts">{facts}</p>
            <Presence model=model.id revision=model.sha kept/>
        </li>
    }
}
