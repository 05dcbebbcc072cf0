//! One model: what it is, the download, its files.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use protocol::{ModelId, ModelInfo, routes};
use words::model as text;

use crate::catalogue::{self, CatalogueError};
use crate::components::{DownloadPanel, FileList};
use crate::pages::NotFound;

/// One model.
#[component]
pub(crate) fn ModelPage() -> impl IntoView {
    let params = use_params_map();
    let id = move || {
        let params = params.read();
        ModelId::new(&params.get("owner")?, &params.get("name")?).ok()
    };
    let model = Resource::new(id, |id| async move {
        match id {
            Some(id) => catalogue::model(id).await,
            None => Err(CatalogueError::Missing),
        }
    });
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match model.await {
                    Ok(model) => view! { <Model model/> }.into_any(),
                    Err(CatalogueError::Missing) => view! { <NotFound/> }.into_any(),
                    Err(CatalogueError::Unreachable) => {
                        view! { <p class="failure" role="alert">{text::FAILED}</p> }.into_any()
                    }
                }
            })}
        </Suspense>
    }
}

#[component]
fn Model(model: ModelInfo) -> impl IntoView {
    let ModelInfo { id, sha, siblings, used_storage, card_data, pipeline_tag, last_modified, .. } = model;
    let licence = card_data.license.unwrap_or_else(|| text::NO_LICENCE.to_owned());
    // The date of an RFC 3339 date-time.
    let changed = last_modified.split('T').next().unwrap_or_default().to_owned();
    view! {
        <Title text=words::title(&id.to_string())/>
        <nav class="back"><a href=routes::CATALOGUE>{text::BACK}</a></nav>
        <h1>
            <span class="owner">{id.owner().to_owned()}"/"</span>
            {id.name().to_owned()}
        </h1>
        <dl class="facts">
            <div><dt>{text::SIZE}</dt><dd>{words::bytes(used_storage)}</dd></div>
            <div><dt>{text::LICENCE}</dt><dd>{licence}</dd></div>
            {pipeline_tag.map(|task| view! { <div><dt>{text::TASK}</dt><dd>{task}</dd></div> })}
            <div><dt>{text::CHANGED}</dt><dd>{changed}</dd></div>
            <div><dt>{text::REVISION}</dt><dd><code title=sha.to_string()>{sha.to_string()[..12].to_owned()}</code></dd></div>
        </dl>
        <DownloadPanel model=id.clone() revision=sha size=used_storage/>
        <FileList model=id revision=sha files=siblings/>
    }
}
