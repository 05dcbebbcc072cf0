//! The `modelferry` program: reads its configuration, starts logging, serves.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use server::config::Task;
use server::error::Error;
use server::{logging, serve};

/// Task polls between two checks for network events. One poll can send a MiB of a download. With tokio's
/// default of 61, a client that requests a few bytes waits for tens of milliseconds.
const TURNS: u32 = 4;

/// How long the runtime waits for its tasks at the end. Threads that still wait for a disk are left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().event_interval(TURNS).build();
    let outcome = runtime.map_err(Error::Runtime).and_then(|runtime| {
        let outcome = runtime.block_on(run());
        runtime.shutdown_timeout(LEFT_BEHIND);
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("modelferry: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    match Task::from_command_line().map_err(Error::Config)? {
        Task::Serve(config) => {
            logging::start(&config.log, config.log_format);
            serve::serve(*config).await
        }
        Task::Print(text) => {
            // Fails only if standard output is closed.
            io::stdout().write_all(text.as_bytes()).ok();
            Ok(())
        }
    }
}
