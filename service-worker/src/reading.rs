//! Answers requests for models on this device at their ordinary URLs, so that any library can read them,
//! offline too.
//!
//! `main` is the revision on the device, even if the server has a newer one. Files of two revisions do not
//! fit together, and the user decides when to update. What works offline therefore works the same online.
//! Requests for models that are not ready, and for other origins, go to the network unchanged.

mod answer;
mod body;
mod conditions;
mod hub;
mod last_blob;
mod ready;
mod unreadable;

use conditional_request::Method;
use protocol::routes::{OfModel, What, parse_of_model};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{FetchEvent, Request, Response};

use crate::network;
use crate::scope::{message, promise, report, scope, settled};

pub(crate) use ready::{forget, listen};
use unreadable::Unreadable;

/// Answers what is asked of a model.
pub(crate) fn fetched(
    event: &FetchEvent,
    request: Request,
    method: Method,
    asked: OfModel,
) -> Result<(), JsValue> {
    let answering = {
        let event = event.clone();
        promise(async move { answer(&event, &request, method, &asked).await.map(JsValue::from) })
    };
    event.respond_with(&answering)
}

/// What of a model is asked for, if it is, and how. `url` is without its origin.
pub(crate) fn asked(request: &Request, url: &str) -> Option<(Method, OfModel)> {
    let method = match request.method().as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        _ => return None,
    };
    Some((method, parse_of_model(url)?))
}

async fn answer(
    event: &FetchEvent,
    request: &Request,
    method: Method,
    asked: &OfModel,
) -> Result<Response, JsValue> {
    match &asked.what {
        What::File(path) => match answer::file(event, request, method, asked, path).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => untouched(request).await,
            Err(error) => {
                report("a model could not be read", &message(&error));
                untouched(request).await
            }
        },
        // The server knows newer revisions, so the request goes there first.
        What::Info | What::Tree { .. } | What::Refs => {
            let network = scope().fetch_with_request(request);
            if let Some(answer) = network::in_time(&network).await {
                return Ok(answer);
            }
            match hub::answer(method, asked).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => {}
                Err(error) => report("a model could not be looked at", &message(&error)),
            }
            Ok(settled(network).await?.unchecked_into())
        }
    }
}

async fn untouched(request: &Request) -> Result<Response, JsValue> {
    Ok(settled(scope().fetch_with_request(request)).await?.unchecked_into())
}
