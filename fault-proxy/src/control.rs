//! The way in for tests: JSON over HTTP, on an address of its own.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::net::TcpListener;

use crate::front::{ACCEPT_AGAIN, Front, Shared};
use crate::rule::{CutKind, RuleError};
use crate::rules::Rules;
use crate::upstream::Upstream;

const ROUTES: &str = "there are: GET and PUT /rules, GET /log?since=N, GET and PUT /upstream, POST /cut";

/// What a command is about.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) front: Front,
    pub(crate) shared: Arc<Shared>,
}

/// Why a command is not obeyed.
#[derive(Debug, Error)]
enum CommandError {
    #[error("{ROUTES}")]
    NoRoute,
    #[error(transparent)]
    Rules(RuleError),
    #[error(transparent)]
    Json(serde_json::Error),
    #[error(transparent)]
    Upstream(crate::error::Error),
    #[error("{0:?}: expected since=NUMBER")]
    Since(String),
    #[error("the command did not arrive: {0}")]
    Body(#[source] hyper::Error),
    #[error("cannot listen on {0}: {1}")]
    Door(SocketAddr, #[source] io::Error),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct UpstreamCommand {
    up: Option<bool>,
    url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CutCommand {
    kind: CutKindCommand,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CutKindCommand {
    #[default]
    Fin,
    Reset,
}

/// Obeys commands forever.
pub(crate) async fn serve(listener: TcpListener, control: Arc<Control>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let control = Arc::clone(&control);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let control = Arc::clone(&control);
                async move { Ok::<_, Infallible>(respond(control.obey(request).await)) }
            });
            // A test that has left does not want to know.
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

fn respond(result: Result<Value, CommandError>) -> Response<Full<Bytes>> {
    let (status, value) = match result {
        Ok(value) => (StatusCode::OK, value),
        Err(refusal) => (refusal.status(), json!({ "error": refusal.to_string() })),
    };
    let mut response = Response::new(Full::from(format!("{value}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl Control {
    async fn obey(&self, request: Request<Incoming>) -> Result<Value, CommandError> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(CommandError::Body)?.to_bytes();
        match (head.method, head.uri.path()) {
            (Method::GET, "/rules") => Ok(self.shared.rules.show()),
            (Method::PUT, "/rules") => {
                self.shared.rules.replace(Rules::from_json(&body).map_err(CommandError::Rules)?);
                Ok(self.shared.rules.show())
            }
            (Method::GET, "/log") => {
                let (requests, next) = self.shared.log.since(since(head.uri.query())?);
                Ok(json!({ "requests": requests, "next": next }))
            }
            (Method::GET, "/upstream") => Ok(self.show_upstream().await),
            (Method::PUT, "/upstream") => {
                self.change_upstream(read(&body)?).await?;
                Ok(self.show_upstream().await)
            }
            (Method::POST, "/cut") => {
                let CutCommand { kind } = if body.is_empty() { CutCommand::default() } else { read(&body)? };
                let kind = match kind {
                    CutKindCommand::Fin => CutKind::Fin,
                    CutKindCommand::Reset => CutKind::Reset,
                };
                Ok(json!({ "connections": self.shared.cut(kind).await }))
            }
            _ => Err(CommandError::NoRoute),
        }
    }

    async fn change_upstream(&self, command: UpstreamCommand) -> Result<(), CommandError> {
        if let Some(url) = command.url {
            self.shared.set_upstream(url.parse::<Upstream>().map_err(CommandError::Upstream)?);
        }
        let door = |error| CommandError::Door(self.front.address(), error);
        match command.up {
            Some(true) => self.front.up().await.map_err(door),
            Some(false) => self.front.down().await.map_err(door),
            None => Ok(()),
        }
    }

    async fn show_upstream(&self) -> Value {
        json!({
            "up": self.front.is_up().await,
            "url": self.shared.upstream().to_string(),
            "listening": format!("http://{}", self.front.address()),
        })
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, CommandError> {
    serde_json::from_slice(body).map_err(CommandError::Json)
}

fn since(query: Option<&str>) -> Result<usize, CommandError> {
    match query {
        None | Some("") => Ok(0),
        Some(query) => query
            .strip_prefix("since=")
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| CommandError::Since(query.to_owned())),
    }
}

impl CommandError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Rules(_) | Self::Json(_) | Self::Upstream(_) | Self::Since(_) | Self::Body(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Door(..) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
