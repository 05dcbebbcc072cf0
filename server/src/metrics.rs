//! Metrics for operators, in the text format of Prometheus, version 0.0.4. The number of series is bounded by the kinds of routes,
//! methods and statuses: no name from a request becomes a label.

mod route;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::{
    IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TEXT_FORMAT, TextEncoder,
};

use crate::connections::Ended;
use crate::index::Index;

pub(crate) use route::Route;

/// The counters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    series: Arc<Series>,
}

#[derive(Debug)]
struct Series {
    registry: Registry,
    requests: IntCounterVec,
    /// By [`Route`].
    routes: [OfRoute; Route::ALL.len()],
    connections_open: IntGauge,
    connections_accepted: IntCounter,
    connections_full: IntCounter,
    /// By [`Ended`].
    connections_ended: [IntCounter; Ended::ALL.len()],
    /// Updated when metrics are scraped; locked, since several scrapers may ask.
    index: Mutex<OfIndex>,
}

/// What is counted of the answers to one kind of route.
#[derive(Debug)]
struct OfRoute {
    bytes: IntCounter,
    active: IntGauge,
    given_up: IntCounter,
}

/// What the index says of itself.
#[derive(Debug)]
struct OfIndex {
    models: IntGauge,
    files: IntGauge,
    bytes: IntGauge,
    pending_models: IntGauge,
    waiting_files: IntGauge,
    problems: IntGauge,
    scans: IntCounter,
    hashed_files: IntCounter,
    hashed_bytes: IntCounter,
}

/// Makes series and registers them.
struct Maker(Registry);

impl Maker {
    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        let counter = IntCounter::new(name, help)?;
        self.0.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        let gauge = IntGauge::new(name, help)?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(counters.clone()))?;
        Ok(counters)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        let gauges = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    }
}

impl Metrics {
    /// Everything at 0.
    ///
    /// # Errors
    /// Those of names that are wrong or there twice; ours are not.
    pub fn new() -> prometheus::Result<Self> {
        let make = Maker(Registry::new());
        let bytes = make.counters(
            "modelferry_http_response_bytes_total",
            "Bytes of answers handed to connections.",
            &["route"],
        )?;
        let active =
            make.gauges("modelferry_http_responses_active", "Answers that are being sent.", &["route"])?;
        let given_up = make.counters(
            "modelferry_http_responses_given_up_total",
            "Answers that were not sent to their end: the client went, was too slow, or the file changed.",
            &["route"],
        )?;
        let ended = make.counters(
            "modelferry_connections_ended_total",
            "Connections that have ended; by done, a limit (handshake, head, stall), or failed.",
            &["why"],
        )?;
        let start = make.gauge("process_start_time_seconds", "When the process started, since 1970.")?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        start.set(i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
        let build = make.gauges("modelferry_build_info", "1, labelled with the version.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let series = Series {
            requests: make.counters(
                "modelferry_http_requests_total",
                "Requests that were answered, when the answer began.",
                &["route", "method", "status"],
            )?,
            routes: Route::ALL.map(|route| {
                let label = &[route.as_str()];
                OfRoute {
                    bytes: bytes.with_label_values(label),
                    active: active.with_label_values(label),
                    given_up: given_up.with_label_values(label),
                }
            }),
            connections_open: make.gauge("modelferry_connections_open", "Connections that are open.")?,
            connections_accepted: make
                .counter("modelferry_connections_accepted_total", "Connections that were accepted.")?,
            connections_full: make.counter(
                "modelferry_connections_full_total",
                "Times that --max-connections was reached, so that new connections had to wait.",
            )?,
            connections_ended: Ended::ALL.map(|why| ended.with_label_values(&[why.as_str()])),
            index: Mutex::new(OfIndex::new(&make)?),
            registry: make.0,
        };
        Ok(Self { series: Arc::new(series) })
    }

    /// A connection was accepted.
    pub(crate) fn connection(&self) -> OpenConnection {
        self.series.connections_accepted.inc();
        self.series.connections_open.inc();
        OpenConnection { metrics: self.clone(), ended: Ended::Done }
    }

    /// A connection has to wait for another one's end.
    pub(crate) fn connections_are_full(&self) {
        self.series.connections_full.inc();
    }

    /// An answer begins.
    pub(crate) fn answer(&self, route: Route, method: &Method, status: StatusCode) -> OpenAnswer {
        let method = match *method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::OPTIONS => "OPTIONS",
            _ => "other",
        };
        self.series.requests.with_label_values(&[route.as_str(), method, status.as_str()]).inc();
        let answer = OpenAnswer { metrics: self.clone(), route };
        answer.series().active.inc();
        answer
    }

    /// Everything, in the text format.
    fn text(&self, index: &Index) -> prometheus::Result<String> {
        let of_index = self.series.index.lock().unwrap_or_else(PoisonError::into_inner);
        of_index.set(index);
        TextEncoder::new().encode_to_string(&self.series.registry.gather())
    }
}

impl OfIndex {
    fn new(make: &Maker) -> prometheus::Result<Self> {
        Ok(Self {
            models: make.gauge("modelferry_index_models", "Models that are served.")?,
            files: make.gauge("modelferry_index_files", "Files of the models that are served.")?,
            bytes: make.gauge("modelferry_index_bytes", "Bytes of these files.")?,
            pending_models: make
                .gauge("modelferry_index_pending_models", "Models that wait for files to be hashed.")?,
            waiting_files: make
                .gauge("modelferry_index_waiting_files", "Files being hashed or waiting for it.")?,
            problems: make
                .gauge("modelferry_index_problems", "Things below the folder that cannot be served.")?,
            scans: make.counter("modelferry_index_scans_total", "Looks at the models folder.")?,
            hashed_files: make.counter("modelferry_index_hashed_files_total", "Files hashed.")?,
            hashed_bytes: make.counter("modelferry_index_hashed_bytes_total", "Bytes hashed.")?,
        })
    }

    fn set(&self, index: &Index) {
        let (report, progress) = (index.report(), index.progress());
        let files: usize = report.models.iter().map(|model| model.siblings.len()).sum();
        let bytes: u64 = report.models.iter().map(|model| model.used_storage).sum();
        for (gauge, value) in [
            (&self.models, report.models.len() as u64),
            (&self.files, files as u64),
            (&self.bytes, bytes),
            (&self.pending_models, report.pending.len() as u64),
            (&self.waiting_files, progress.waiting_files),
            (&self.problems, report.problems.len() as u64),
        ] {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
        for (counter, value) in [
            (&self.scans, progress.scans),
            (&self.hashed_files, progress.hashed_files),
            (&self.hashed_bytes, progress.hashed_bytes),
        ] {
            counter.inc_by(value.saturating_sub(counter.get()));
        }
    }
}

/// Counts a connection as open until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection {
    metrics: Metrics,
    ended: Ended,
}

impl OpenConnection {
    /// Records why it ended.
    pub(crate) fn ended(mut self, why: Ended) {
        self.ended = why;
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.metrics.series.connections_open.dec();
        self.metrics.series.connections_ended[self.ended as usize].inc();
    }
}

/// Counts an answer as being sent until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenAnswer {
    metrics: Metrics,
    route: Route,
}

impl OpenAnswer {
    fn series(&self) -> &OfRoute {
        &self.metrics.series.routes[self.route as usize]
    }

    pub(crate) fn sent(&self, bytes: u64) {
        self.series().bytes.inc_by(bytes);
    }

    pub(crate) fn given_up(&self) {
        self.series().given_up.inc();
    }
}

impl Drop for OpenAnswer {
    fn drop(&mut self) {
        self.series().active.dec();
    }
}

/// What is served at the address of `--metrics-listen`: `/metrics`, and nothing else of ours.
pub(crate) fn router(metrics: Metrics, index: Index) -> Router {
    Router::new().route("/metrics", get(answer)).with_state((metrics, index))
}

async fn answer(State((metrics, index)): State<(Metrics, Index)>) -> Response {
    match metrics.text(&index) {
        Ok(text) => ([(header::CONTENT_TYPE, HeaderValue::from_static(TEXT_FORMAT))], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}
