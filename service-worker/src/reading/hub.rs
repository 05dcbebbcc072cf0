//! Answers of the hub API for a ready model, if the server is unreachable.

use conditional_request::Method;
use protocol::hub;
use protocol::representation::X_REPO_COMMIT;
use protocol::routes::{OfModel, What};
use web_sys::Response;

use super::answer::{Form, document, missing};
use super::{Unreadable, ready};

/// The answer; `None` if the model is not ready.
pub(super) async fn answer(method: Method, asked: &OfModel) -> Result<Option<Response>, Unreadable> {
    let Some(ready) = ready::find(asked).await? else {
        return Ok(None);
    };
    let manifest = &ready.manifest;
    let text = match &asked.what {
        What::Info => hub::info(manifest),
        What::Refs => hub::refs(manifest),
        What::Tree { folder, recursive } => {
            match (hub::tree(manifest, folder.as_ref(), *recursive), folder) {
                (Some(text), _) => text,
                (None, Some(folder)) => {
                    return Ok(Some(missing(&ready, folder, method, Form::Json)?));
                }
                // A model has a file at least, else it would not be one.
                (None, None) => return Ok(None),
            }
        }
        What::File(_) => return Ok(None),
    };
    let revision = manifest.revision().to_string();
    Ok(Some(document(200, method, ".json", &text, &[(X_REPO_COMMIT, &revision)])?))
}
