//! The pages, rendered by the app, and the files that they load. Only this origin may read them. Unlike
//! models, they may be compressed.

mod build;
mod front;
mod validator;

use std::sync::Arc;

use app::catalogue::{Catalogue, CatalogueSource, Looking};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::any;
use leptos::context::provide_context;
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use protocol::shell::BUILD;
use protocol::{IndexReport, ModelId, ModelInfo};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::http::{NO_CACHE, REPR_DIGEST, ascii, isolate, resource_policy};
use crate::index::Index;
use crate::state::ServerState;
use crate::{inspection, routes};

/// Serves all URLs that are none of [`crate::routes`].
pub(crate) fn pages(state: &ServerState) -> Router {
    let front = front::Front::new(state.site.as_deref());
    let options = front.options();
    let catalogue = Catalogue(Arc::new(IndexSource(state.index.clone())));
    let context = move || provide_context(catalogue.clone());
    let build = build::Build::new(&front.loaded, &routes::programs());
    let worker = routes::Worker::new(&build.preamble);
    let document = {
        let (options, style, build) = (options.clone(), front.style, worker.build());
        move || app::document(options.clone(), style.clone(), build.clone())
    };
    let render = leptos_axum::render_app_async_with_context(context.clone(), document.clone());
    let pages = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(app::App), context, document)
        // Unknown addresses get the app's page for them; other programs than browsers, one line.
        .fallback(any(move |request: Request| unknown(request, render.clone())))
        .with_state(options)
        .layer(from_fn(validator::validated))
        // Pages show what the index knows now.
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, NO_CACHE))
        .layer(map_response(restricted))
        .layer(from_fn_with_state(state.page_isolation, isolate));
    front
        .router
        .merge(pages)
        .merge(routes::inference(state.page_isolation))
        .merge(routes::module())
        .merge(worker.route())
        .merge(routes::web_manifest())
        .layer(map_response(plain))
        // PNG is compressed already.
        .layer(
            CompressionLayer::new()
                .compress_when(SizeAbove::new(256).and(NotForContentType::new("image/png"))),
        )
        .layer(from_fn(negotiated))
        .layer(resource_policy("same-origin"))
        .layer(SetResponseHeaderLayer::overriding(HeaderName::from_static(BUILD), ascii(build.name)))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
}

/// Adds security headers to pages. The CSP is set by the app, which knows the scripts of each page.
async fn restricted(mut response: Response) -> Response {
    let fields = [
        ("referrer-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ];
    for (name, value) in fields {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// Marks what the compressing layer may compress: what is packed already has validators of its own.
#[derive(Clone, Copy, Debug)]
struct Plain;

async fn plain(mut response: Response) -> Response {
    if !response.headers().contains_key(header::CONTENT_ENCODING) {
        response.extensions_mut().insert(Plain);
    }
    response
}

/// Adds what the compressing layers omit: `Vary`, and a weak ETag for compressed answers. An answer that is
/// too short for compression also has `Vary` (RFC 9110 section 12.5.5). So do a 304 (section 15.4.5) and a
/// 206.
async fn negotiated(request: Request, next: Next) -> Response {
    let known: Vec<_> = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
    let mut response = next.run(request).await;
    let plain = response.extensions_mut().remove::<Plain>().is_some();
    let status = response.status();
    let headers = response.headers_mut();
    let varies = headers.get_all(header::VARY).iter().any(|vary| {
        let names = vary.to_str().unwrap_or_default().split(',');
        names.map(str::trim).any(|name| name.eq_ignore_ascii_case("accept-encoding"))
    });
    if !varies {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    let weak = headers.get(header::ETAG).and_then(weakened);
    if let Some(weak) = weak.filter(|_| plain) {
        // A 304 says what the 200 said that the client has.
        let compressed = match status {
            StatusCode::NOT_MODIFIED => known.iter().any(|known| names(known, &weak)),
            _ => headers.contains_key(header::CONTENT_ENCODING),
        };
        if compressed {
            // RFC 9110 section 8.8.3.3: what is compressed must not have the strong tag of what is not. RFC 9530 section 3:
            // the digest is of the compressed bytes, which are not known before they are sent.
            headers.insert(header::ETAG, weak);
            headers.remove(REPR_DIGEST);
        }
    }
    response
}

/// The tag as a weak one, if it is strong.
fn weakened(tag: &HeaderValue) -> Option<HeaderValue> {
    let tag = tag.to_str().ok().filter(|tag| tag.starts_with('"'))?;
    Some(ascii(format!("W/{tag}")))
}

/// Whether this tag is in the list.
fn names(list: &HeaderValue, tag: &HeaderValue) -> bool {
    let list = list.to_str().unwrap_or_default().split(',');
    list.map(str::trim).any(|known| known.as_bytes() == tag.as_bytes())
}

async fn unknown<Render, Rendering>(request: Request, render: Render) -> Response
where
    Render: Fn(Request) -> Rendering,
    Rendering: Future<Output = Response>,
{
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let mut response = if reads && accept.is_some_and(|accept| accept.contains("text/html")) {
        render(request).await
    } else {
        routes::unknown(request.uri().clone()).await
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_name(header::ACCEPT));
    response
}

/// The index as the source of the catalogue.
struct IndexSource(Index);

impl CatalogueSource for IndexSource {
    fn report(&self) -> Arc<IndexReport> {
        self.0.report()
    }

    fn model(&self, id: &ModelId) -> Option<ModelInfo> {
        self.0.model(id).map(|model| model.info.clone())
    }

    fn inspection(&self, id: &ModelId) -> Looking {
        let (index, model) = (self.0.clone(), self.0.model(id));
        Box::pin(async move {
            match model {
                Some(model) => inspection::of(model, index).await,
                None => None,
            }
        })
    }
}
