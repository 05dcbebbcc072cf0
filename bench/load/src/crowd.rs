//! Connections that cost a server memory and hardly anything else: slow readers, and idle ones.

use std::io;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::connection::Connection;
use crate::requests::{HEAD, input_ended};
use crate::target::Target;

/// How often a slow client reads.
const EVERY: Duration = Duration::from_millis(100);

/// Connections that are held.
#[derive(Debug, Deserialize)]
pub(crate) struct Crowd {
    #[serde(flatten)]
    target: Target,
    connections: usize,
    /// How much each reads of its answer; without it, they have had one answer each and rest.
    bytes_per_second: Option<u64>,
}

impl Crowd {
    pub(crate) async fn run(self) -> io::Result<Value> {
        let mut scratch = vec![0; HEAD];
        let mut crowd = Vec::new();
        for number in 0..self.connections {
            let mut connection = Connection::open(&self.target, number).await?;
            if self.bytes_per_second.is_some() {
                connection.send().await?;
                connection.head(&mut scratch).await?;
            } else {
                connection.ask(&mut scratch).await?;
            }
            crowd.push(connection);
        }
        println!("{}", json!({ "ready": crowd.len() }));
        let until = input_ended();
        tokio::pin!(until);
        loop {
            if let Some(rate) = self.bytes_per_second {
                for connection in &mut crowd {
                    connection.drop_some(rate * EVERY.as_millis() as u64 / 1000).await?;
                }
            }
            tokio::select! {
                () = &mut until => return Ok(json!({ "held": crowd.len() })),
                () = sleep(EVERY) => {}
            }
        }
    }
}
