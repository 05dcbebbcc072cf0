//! The files of a model, each with a plain link. Where the browser keeps nothing, users can download them
//! here.

use leptos::prelude::*;
use messages::model as text;
use protocol::{ModelId, Revision, Sibling, routes};

/// A table of files.
#[component]
pub(crate) fn FileList(model: ModelId, revision: Revision, files: Vec<Sibling>) -> impl IntoView {
    let row = move |file: Sibling| {
        let digest = file.lfs.sha256.to_string();
        view! {
            <tr>
                <th scope="row">
                    <a href=routes::resolve(&model, revision, &file.rfilename) download="">
                        {file.rfilename.to_string()}
                    </a>
                </th>
                <td class="size">{messages::bytes(file.size)}</td>
                <td class="digest"><code title=digest.clone()>{digest[..12].to_owned()}</code></td>
            </tr>
        }
    };
    view! {
        <section class="files">
            <h2>{text::FILES}</h2>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{text::FILE}</th>
                        <th scope="col" class="size">{text::SIZE}</th>
                        <th scope="col" class="digest">{text::DIGEST}</th>
                    </tr>
                </thead>
                <tbody>{files.into_iter().map(row).collect_view()}</tbody>
            </table>
        </section>
    }
}
