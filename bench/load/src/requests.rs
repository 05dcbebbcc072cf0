//! Clients that ask and read as fast as they can, and clients that measure how long an answer takes.

use std::io;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::connection::Connection;
use crate::target::Target;

/// Bytes for the head of an answer and what comes with it.
pub(crate) const HEAD: usize = 16 << 10;

/// Requests on several connections at once.
#[derive(Debug, Deserialize)]
pub(crate) struct Requests {
    #[serde(flatten)]
    target: Target,
    connections: usize,
    /// On each connection.
    requests: usize,
}

impl Requests {
    pub(crate) async fn run(self) -> io::Result<Value> {
        let mut clients = JoinSet::new();
        let began = Instant::now();
        for number in 0..self.connections {
            let (target, requests) = (self.target.clone(), self.requests);
            clients.spawn(async move {
                let mut scratch = vec![0; HEAD];
                let mut connection = Connection::open(&target, number).await?;
                let mut bytes = 0;
                for _ in 0..requests {
                    bytes += connection.ask(&mut scratch).await?;
                }
                io::Result::Ok(bytes)
            });
        }
        let mut bytes = 0;
        while let Some(client) = clients.join_next().await {
            bytes += client??;
        }
        let requests = self.connections * self.requests;
        Ok(json!({ "bytes": bytes, "requests": requests, "seconds": began.elapsed().as_secs_f64() }))
    }
}

/// Clients that measure.
#[derive(Debug, Deserialize)]
pub(crate) struct Pings {
    #[serde(flatten)]
    target: Target,
    connections: usize,
    /// Between an answer and the next request.
    rest_ms: u64,
}

impl Pings {
    pub(crate) async fn run(self) -> io::Result<Value> {
        let mut clients = JoinSet::new();
        for number in 0..self.connections {
            let (target, rest) = (self.target.clone(), Duration::from_millis(self.rest_ms));
            clients.spawn(async move {
                let mut scratch = vec![0; HEAD];
                let mut connection = Connection::open(&target, number).await?;
                let mut took = Vec::new();
                let until = input_ended();
                tokio::pin!(until);
                loop {
                    let began = Instant::now();
                    connection.ask(&mut scratch).await?;
                    took.push(began.elapsed().as_secs_f64() * 1000.0);
                    tokio::select! {
                        () = &mut until => return io::Result::Ok(took),
                        () = sleep(rest) => {}
                    }
                }
            });
        }
        let mut took = Vec::new();
        while let Some(client) = clients.join_next().await {
            took.extend(client??);
        }
        took.sort_by(f64::total_cmp);
        let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
        Ok(json!({ "pings": took.len(), "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0) }))
    }
}

/// Comes back when whoever started this says that it is over.
pub(crate) async fn input_ended() {
    // An error is an end too.
    tokio::io::stdin().read_to_end(&mut Vec::new()).await.ok();
}
