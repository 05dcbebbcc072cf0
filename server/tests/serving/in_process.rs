//! The server as a value: requests go in, answers come out, no socket between.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use server::index::{Index, Options};
use server::{ServerState, Site};
use tower::ServiceExt;

use crate::folder::{Folder, until};

/// Length in bytes of a piece in these tests.
pub(crate) const PIECE: usize = 1000;

pub(crate) struct App {
    pub(crate) index: Index,
    site: Site,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header field as text; empty if it is not there.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |field| field.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl App {
    /// Opens a folder and waits until all of it is hashed.
    pub(crate) fn of(folder: &Folder) -> Self {
        let app = Self::opening(folder);
        until("all files hashed", || app.index.report().pending.is_empty().then_some(()));
        app
    }

    /// Opens a folder.
    pub(crate) fn opening(folder: &Folder) -> Self {
        Self::looking(folder, Duration::from_millis(20))
    }

    /// Opens a folder that is looked at so often, and when a file in it is found to be another one.
    pub(crate) fn looking(folder: &Folder, rescan: Duration) -> Self {
        let options = Options { root: folder.models(), piece_size: PIECE as u64, rescan };
        let index = Index::open(options).unwrap();
        let site = Site::new(ServerState::new(index.clone()));
        Self { index, site }
    }

    pub(crate) async fn ask(&self, method: &str, url: &str, fields: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.site.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.ask("GET", url, &[]).await
    }

    /// The current revision of a model, as `owner/name`.
    pub(crate) fn revision(&self, model: &str) -> String {
        self.index.model(&model.parse().unwrap()).unwrap().revision().to_string()
    }
}
