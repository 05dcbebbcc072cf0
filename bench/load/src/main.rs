//! The clients of `./bench/server`: one job as JSON on the command line, its outcome as one line of JSON.
//!
//! One thread, so that a server on the same machine keeps the other cores; bodies are dropped by the kernel.

mod connection;
mod crowd;
mod requests;
mod target;

use std::io;
use std::process::ExitCode;

use serde::Deserialize;

/// What to do.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Job {
    /// Requests on several connections at once, until so many are answered.
    Requests(requests::Requests),
    /// One request at a time on each of some connections, with a rest in between, until standard input ends: how
    /// long each took.
    Pings(requests::Pings),
    /// Connections that are held until standard input ends.
    Crowd(crowd::Crowd),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(outcome) => {
            println!("{outcome}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> io::Result<serde_json::Value> {
    let job = std::env::args().nth(1).ok_or_else(|| io::Error::other("expected a job as JSON"))?;
    match serde_json::from_str(&job)? {
        Job::Requests(job) => job.run().await,
        Job::Pings(job) => job.run().await,
        Job::Crowd(job) => job.run().await,
    }
}
