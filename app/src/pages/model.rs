//! The page of one model: its download, its uses, its properties and its files.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use messages::model as text;
use protocol::{ModelId, ModelInfo, routes};

use crate::catalogue::Catalogue;
use crate::download_panel::DownloadPanel;
use crate::offer::Offer;
use crate::pages::NotFound;
use crate::parts::{FileList, InspectionSection, SearchSection};

/// One model, or the page for what is not there.
#[component]
pub(crate) fn ModelPage() -> impl IntoView {
    match asked_for() {
        Some(model) => view! { <Model model/> }.into_any(),
        None => view! { <NotFound/> }.into_any(),
    }
}

fn asked_for() -> Option<ModelInfo> {
    let params = use_params_map();
    let params = params.read_untracked();
    let id = ModelId::new(&params.get("owner")?, &params.get("name")?).ok()?;
    use_context::<Catalogue>()?.0.model(&id)
}

#[component]
fn Model(model: ModelInfo) -> impl IntoView {
    let ModelInfo { id, sha, siblings, used_storage, card_data, pipeline_tag, last_modified, .. } = model;
    let licence = card_data.license.unwrap_or_else(|| text::NO_LICENCE.to_owned());
    // The date of an RFC 3339 date-time.
    let changed = last_modified.split('T').next().unwrap_or_default().to_owned();
    let revision = sha.to_string();
    let looking = use_context::<Catalogue>().map(|catalogue| catalogue.0.inspection(&id));
    // The page is sent as a whole, so it waits for this.
    let inspection = Suspend::new(async move {
        let inspection = looking?.await?;
        Some(view! {
            {inspection.embeds_sentences.then(|| view! { <SearchSection/> })}
            <InspectionSection inspection=&inspection/>
        })
    });
    provide_context(Offer { model: id.clone(), revision: sha, size: used_storage });
    view! {
        <Title text=messages::title(&id.to_string())/>
        <nav class="back"><a href=routes::CATALOGUE>{text::BACK}</a></nav>
        <h1>
            <span class="owner">{id.owner().to_owned()}"/"</span>
            {id.name().to_owned()}
        </h1>
        <dl class="facts">
            <div><dt>{text::SIZE}</dt><dd>{messages::bytes(used_storage)}</dd></div>
            <div><dt>{text::LICENCE}</dt><dd>{licence}</dd></div>
            {pipeline_tag.map(|task| view! { <div><dt>{text::TASK}</dt><dd>{task}</dd></div> })}
            <div><dt>{text::CHANGED}</dt><dd>{changed}</dd></div>
            <div>
                <dt>{text::REVISION}</dt>
                <dd><code title=revision.clone()>{revision[..12].to_owned()}</code></dd>
            </div>
        </dl>
        <DownloadPanel/>
        {inspection}
        <FileList model=id revision=sha files=siblings/>
    }
}
